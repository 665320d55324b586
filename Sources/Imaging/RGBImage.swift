/// A decoded picture: `[height, width, 3]`, `UInt8`, upright, in sRGB, rows without padding.
///
/// The pixels never change after initialisation, so threads may share an image without copying it.
public final class RGBImage: @unchecked Sendable {
    /// Width in pixels, at least 1.
    public let width: Int
    /// Height in pixels, at least 1.
    public let height: Int

    private let base: UnsafeMutablePointer<UInt8>
    private let deallocate: @Sendable (UnsafeMutablePointer<UInt8>) -> Void

    /// Number of bytes: `height * width * 3`.
    public var byteCount: Int { width * height * 3 }

    /// Makes an image from the pixels that `fill` writes into `height * width * 3` uninitialised bytes.
    public init(width: Int, height: Int, fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) rethrows {
        precondition(width > 0 && height > 0, "an image must have at least one pixel")
        self.width = width
        self.height = height
        base = .allocate(capacity: width * height * 3)
        deallocate = { $0.deallocate() }
        try fill(UnsafeMutableBufferPointer(start: base, count: width * height * 3))
    }

    /// Makes an image in the given memory; nil allocates it.
    ///
    /// - Throws: ``ImageError`` with ``ImageError/Code/tooLarge`` if there is too little memory; errors of `fill`.
    convenience init(
        width: Int,
        height: Int,
        memory: PixelMemory?,
        fill: (UnsafeMutableBufferPointer<UInt8>) throws(ImageError) -> Void
    ) throws(ImageError) {
        let count = width * height * 3
        let pixels: UnsafeMutablePointer<UInt8>
        if let memory {
            guard let given = memory.allocate(count) else {
                throw ImageError(.tooLarge, "the picture is larger than the memory for its pixels: scale it down")
            }
            pixels = given
        } else {
            pixels = .allocate(capacity: count)
        }
        let isOwned = memory == nil
        self.init(width: width, height: height, adopting: pixels) { if isOwned { $0.deallocate() } }
        try fill(UnsafeMutableBufferPointer(start: pixels, count: count))
    }

    /// Adopts a buffer, without copying it.
    ///
    /// - Parameters:
    ///   - width: Width in pixels.
    ///   - height: Height in pixels.
    ///   - pixels: `height * width * 3` initialised bytes that nothing else writes to from now on.
    ///   - deallocate: Called once with `pixels`, when the image is released.
    package init(
        width: Int,
        height: Int,
        adopting pixels: UnsafeMutablePointer<UInt8>,
        deallocate: @escaping @Sendable (UnsafeMutablePointer<UInt8>) -> Void
    ) {
        precondition(width > 0 && height > 0, "an image must have at least one pixel")
        self.width = width
        self.height = height
        base = pixels
        self.deallocate = deallocate
    }

    deinit { deallocate(base) }

    /// Calls `body` with the pixels: `height * width * 3` bytes, valid only during the call.
    public func withUnsafePixels<Result, Failure>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: base, count: byteCount))
    }
}

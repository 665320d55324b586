/// A reader of Windows bitmaps, which libvips cannot read by itself.
///
/// It supports what current programs write: 1, 4 or 8 bit with a palette, and 16, 24 or 32 bit with or without channel
/// masks, bottom-up or top-down, but no run-length encoding. Alpha is ignored, as most writers leave it empty.
/// - SeeAlso: Microsoft, [MS-WMF] 2.2.2 and the `BITMAPV5HEADER` structure.
struct Bitmap {
    /// The bits of one colour channel in a pixel of 16 or 32 bit.
    private struct Channel {
        let shift: UInt32
        let maximum: UInt32

        init?(mask: UInt32) {
            guard mask != 0 else { return nil }
            shift = UInt32(mask.trailingZeroBitCount)
            maximum = mask >> shift
            // The bits must be contiguous; with more than 16 of them, the scaling below could overflow.
            guard maximum & (maximum &+ 1) == 0, maximum <= 0xFFFF else { return nil }
        }

        func value(of pixel: UInt32) -> UInt8 {
            UInt8(truncatingIfNeeded: (((pixel >> shift) & maximum) &* 255 &+ maximum / 2) / maximum)
        }
    }

    private enum Encoding {
        case indices(bits: Int, palette: [UInt8])
        case blueGreenRed
        case masks(bytes: Int, red: Channel, green: Channel, blue: Channel)
    }

    let width: Int
    let height: Int
    private let isTopDown: Bool
    private let pixelOffset: Int
    private let bytesPerRow: Int
    private let encoding: Encoding

    /// Whether a header has one of the lengths in use: that of OS/2, or one of five of Windows.
    static func isHeaderLength(_ length: UInt32?) -> Bool {
        guard let length else { return false }
        return [12, 40, 52, 56, 108, 124].contains(length)
    }

    /// Reads the header and checks it against the limits and the number of bytes.
    init(header bytes: RawSpan, limits: ImageLimits) throws(ImageError) {
        let damaged = ImageError(.corrupt, "the BMP is damaged or truncated: send the complete file, or save it as PNG")
        guard let offset = bytes.littleEndian32(at: 10), let headerLength = bytes.littleEndian32(at: 14),
            Self.isHeaderLength(headerLength)
        else { throw damaged }
        let isOS2 = headerLength == 12
        guard let size = isOS2 ? Self.smallSize(bytes) : Self.size(bytes),
            let bits = bytes.littleEndian16(at: isOS2 ? 24 : 28),
            let compression = isOS2 ? 0 : bytes.littleEndian32(at: 30),
            let usedColors = isOS2 ? 0 : bytes.littleEndian32(at: 46)
        else { throw damaged }
        guard size.width > 0, size.height != 0 else { throw damaged }
        width = size.width
        height = abs(size.height)
        isTopDown = size.height < 0
        pixelOffset = Int(offset)
        try limits.check(width: width, height: height)

        let endOfHeader = 14 + Int(headerLength)
        switch (compression, bits) {
        case (0, 1), (0, 4), (0, 8):
            let colors = usedColors == 0 ? 1 << Int(bits) : min(Int(usedColors), 1 << Int(bits))
            guard let palette = Self.palette(bytes, at: endOfHeader, colors: colors, entryLength: isOS2 ? 3 : 4)
            else { throw damaged }
            encoding = .indices(bits: Int(bits), palette: palette)
        case (0, 24):
            encoding = .blueGreenRed
        case (0, 16), (0, 32), (3, 16), (3, 32), (6, 16), (6, 32):
            // Masks follow a header of 40 bytes; longer headers contain them at the same offset.
            let stored = (0..<3).map { bytes.littleEndian32(at: 54 + 4 * $0) }
            let standard: [UInt32?] = bits == 16 ? [0x7C00, 0x03E0, 0x001F] : [0xFF0000, 0xFF00, 0xFF]
            let masks = (compression == 0 ? standard : stored).compactMap { $0 }
            guard masks.count == 3, let red = Channel(mask: masks[0]), let green = Channel(mask: masks[1]),
                let blue = Channel(mask: masks[2]), max(masks[0], masks[1], masks[2]) >> (bits - 1) <= 1
            else { throw damaged }
            encoding = .masks(bytes: Int(bits) / 8, red: red, green: green, blue: blue)
        default:
            throw ImageError(
                .unsupportedFormat,
                "a BMP of \(bits) bit with compression \(compression) is not supported: save it uncompressed, or as PNG"
            )
        }
        let bitsPerRow = width * Int(bits)
        bytesPerRow = (bitsPerRow + 31) / 32 * 4
        // Some writers leave out the padding of the last row.
        guard pixelOffset >= endOfHeader,
            pixelOffset + bytesPerRow * (height - 1) + (bitsPerRow + 7) / 8 <= bytes.byteCount
        else { throw damaged }
    }

    private static func smallSize(_ bytes: RawSpan) -> (width: Int, height: Int)? {
        guard let width = bytes.littleEndian16(at: 18), let height = bytes.littleEndian16(at: 20) else { return nil }
        return (Int(width), Int(height))
    }

    private static func size(_ bytes: RawSpan) -> (width: Int, height: Int)? {
        guard let width = bytes.littleEndian32(at: 18), let height = bytes.littleEndian32(at: 22) else { return nil }
        return (Int(Int32(bitPattern: width)), Int(Int32(bitPattern: height)))
    }

    /// Returns the palette as 256 RGB triples, with black for missing entries; nil if the file ends before it does.
    private static func palette(_ bytes: RawSpan, at offset: Int, colors: Int, entryLength: Int) -> [UInt8]? {
        guard offset + colors * entryLength <= bytes.byteCount else { return nil }
        var palette = [UInt8](repeating: 0, count: 256 * 3)
        for color in 0..<colors {
            for channel in 0..<3 {
                palette[3 * color + channel] = bytes.unsafeLoad(
                    fromByteOffset: offset + color * entryLength + 2 - channel,
                    as: UInt8.self
                )
            }
        }
        return palette
    }

    /// Decodes the pixels from the same bytes that the header was read from.
    func decode(_ bytes: RawSpan, into memory: PixelMemory?) throws(ImageError) -> RGBImage {
        try bytes.withUnsafeBytes { buffer throws(ImageError) in
            try RGBImage(width: width, height: height, memory: memory) { pixels in
                for y in 0..<height {
                    let start = pixelOffset + bytesPerRow * (isTopDown ? y : height - 1 - y)
                    // The last row in the file may lack its padding.
                    let row = buffer[start..<min(start + bytesPerRow, buffer.count)]
                    decodeRow(
                        UnsafeRawBufferPointer(rebasing: row),
                        into: UnsafeMutableBufferPointer(rebasing: pixels[(y * width * 3)..<((y + 1) * width * 3)])
                    )
                }
            }
        }
    }

    private func decodeRow(_ row: UnsafeRawBufferPointer, into pixels: UnsafeMutableBufferPointer<UInt8>) {
        switch encoding {
        case .indices(let bits, let palette):
            let mask = (1 << bits) - 1
            for x in 0..<width {
                let bit = x * bits
                let color = Int(row[bit >> 3]) >> (8 - bits - bit & 7) & mask
                for channel in 0..<3 { pixels[3 * x + channel] = palette[3 * color + channel] }
            }
        case .blueGreenRed:
            for x in 0..<width {
                for channel in 0..<3 { pixels[3 * x + channel] = row[3 * x + 2 - channel] }
            }
        case .masks(let size, let red, let green, let blue):
            for x in 0..<width {
                let pixel =
                    size == 2
                    ? UInt32(UInt16(littleEndian: row.loadUnaligned(fromByteOffset: 2 * x, as: UInt16.self)))
                    : UInt32(littleEndian: row.loadUnaligned(fromByteOffset: 4 * x, as: UInt32.self))
                pixels[3 * x] = red.value(of: pixel)
                pixels[3 * x + 1] = green.value(of: pixel)
                pixels[3 * x + 2] = blue.value(of: pixel)
            }
        }
    }
}

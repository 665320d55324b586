/// Appends to a buffer whose size was computed in advance.
struct ByteWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// Number of bytes written so far.
    private(set) var count = 0

    /// - Parameter buffer: Must stay valid while the writer is in use, and have room for everything appended.
    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = buffer
    }

    mutating func append(_ bytes: [UInt8]) {
        precondition(bytes.count <= buffer.count - count, "the buffer is too small")
        for byte in bytes {
            buffer[count] = byte
            count += 1
        }
    }

    mutating func append(bigEndian value: UInt32) {
        append((0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) })
    }

    mutating func overwrite(at offset: Int, bigEndian value: UInt32) {
        for index in 0..<4 { buffer[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
    }

    /// Returns the bytes written from an offset on.
    func written(from offset: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: buffer[offset..<count])
    }

    /// Lets `body` write up to `byteCount` bytes directly; it returns how many it wrote.
    mutating func append(atMost byteCount: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        precondition(byteCount <= buffer.count - count, "the buffer is too small")
        let written = body(UnsafeMutableBufferPointer(rebasing: buffer[count..<(count + byteCount)]))
        precondition((0...byteCount).contains(written))
        count += written
    }
}

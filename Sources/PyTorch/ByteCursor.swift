/// Reads a byte range of a file sequentially, with bounds checks.
struct ByteCursor {
    /// Offset of the next byte from the beginning of the file.
    private(set) var offset: Int

    private let bytes: [UInt8]
    private let end: Int
    /// Name of the range in error messages.
    private let name: String

    /// Starts at the beginning of `range`, which must lie within `bytes`.
    init(_ bytes: [UInt8], _ range: Range<Int>, name: String) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        self.name = name
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Number of bytes left in the range.
    var remaining: Int { end - offset }

    /// Reads a little-endian integer.
    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        as type: Value.Type
    ) throws(PyTorchError) -> Value {
        let range = try take(MemoryLayout<Value>.size)
        return bytes.withUnsafeBytes { buffer in
            Value(littleEndian: buffer.loadUnaligned(fromByteOffset: range.lowerBound, as: type))
        }
    }

    /// Reads a little-endian 64-bit count or offset; values over `Int.max` are an error.
    mutating func count64() throws(PyTorchError) -> Int {
        guard let count = Int(exactly: try integer(as: UInt64.self)) else { throw overrun }
        return count
    }

    /// Skips the next `count` bytes and returns their range in the file.
    mutating func take(_ count: Int) throws(PyTorchError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw overrun }
        defer { offset += count }
        return offset..<(offset + count)
    }

    /// Skips the next `count` bytes and returns a cursor over them.
    mutating func part(_ count: Int, name: String) throws(PyTorchError) -> ByteCursor {
        ByteCursor(bytes, try take(count), name: name)
    }

    /// Reads text up to the next line feed, and skips the line feed.
    ///
    /// - Parameter limit: Maximum length of the text in bytes.
    /// - Returns: The text without the line feed; invalid UTF-8 is replaced.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` if the text is longer than `limit`
    ///   or has no line feed.
    mutating func line(limit: Int) throws(PyTorchError) -> String {
        let line = bytes[offset..<(offset + min(limit + 1, remaining))]
        guard let lineFeed = line.firstIndex(of: UInt8(ascii: "\n")) else { throw overrun }
        defer { offset = lineFeed + 1 }
        return String(decoding: line[..<lineFeed], as: UTF8.self)
    }

    /// Reads the next `count` bytes.
    mutating func bytes(_ count: Int) throws(PyTorchError) -> [UInt8] {
        Array(bytes[try take(count)])
    }

    /// Reads the next `count` bytes as text; invalid UTF-8 is replaced.
    mutating func string(_ count: Int) throws(PyTorchError) -> String {
        String(decoding: bytes[try take(count)], as: UTF8.self)
    }

    private var overrun: PyTorchError {
        .corrupt("\(name) ends too early, at byte \(offset) of the file")
    }
}

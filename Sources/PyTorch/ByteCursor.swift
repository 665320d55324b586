/// Reads a part of a file from its beginning to its end, never beyond.
struct ByteCursor {
    /// Where the next byte is, from the beginning of the file.
    private(set) var offset: Int

    private let bytes: [UInt8]
    private let end: Int
    /// What the part is called in messages.
    private let name: String

    /// Reads `range`, which lies in `bytes`.
    init(_ bytes: [UInt8], _ range: Range<Int>, name: String) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        self.name = name
        offset = range.lowerBound
        end = range.upperBound
    }

    /// How many bytes are left.
    var remaining: Int { end - offset }

    /// A little-endian number.
    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        as type: Value.Type
    ) throws(PyTorchError) -> Value {
        let range = try take(MemoryLayout<Value>.size)
        return bytes.withUnsafeBytes { buffer in
            Value(littleEndian: buffer.loadUnaligned(fromByteOffset: range.lowerBound, as: type))
        }
    }

    /// A little-endian number of 64 bits that counts something.
    mutating func count64() throws(PyTorchError) -> Int {
        guard let count = Int(exactly: try integer(as: UInt64.self)) else { throw overrun }
        return count
    }

    /// The place of the next `count` bytes, which are passed over.
    mutating func take(_ count: Int) throws(PyTorchError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw overrun }
        defer { offset += count }
        return offset..<(offset + count)
    }

    /// The next `count` bytes as a part of their own, which is passed over.
    mutating func part(_ count: Int, name: String) throws(PyTorchError) -> ByteCursor {
        ByteCursor(bytes, try take(count), name: name)
    }

    /// The next bytes up to a line feed as text, which is passed over and left out.
    ///
    /// - Parameter limit: How many bytes there may be.
    /// - Returns: The text; what is no UTF-8 in it is replaced.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` where there is no line feed.
    mutating func line(limit: Int) throws(PyTorchError) -> String {
        let line = bytes[offset..<(offset + min(limit + 1, remaining))]
        guard let lineFeed = line.firstIndex(of: UInt8(ascii: "\n")) else { throw overrun }
        defer { offset = lineFeed + 1 }
        return String(decoding: line[..<lineFeed], as: UTF8.self)
    }

    /// A copy of the next `count` bytes.
    mutating func bytes(_ count: Int) throws(PyTorchError) -> [UInt8] {
        Array(bytes[try take(count)])
    }

    /// The next `count` bytes as text; what is no UTF-8 in them is replaced.
    mutating func string(_ count: Int) throws(PyTorchError) -> String {
        String(decoding: bytes[try take(count)], as: UTF8.self)
    }

    private var overrun: PyTorchError {
        .corrupt("\(name) ends too early, at byte \(offset) of the file")
    }
}

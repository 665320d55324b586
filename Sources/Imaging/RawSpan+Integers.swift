/// Bounds-checked access to the fields of a file; `nil` beyond the end.
extension RawSpan {
    func has(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
        guard offset >= 0, offset <= byteCount - prefix.count else { return false }
        for (index, byte) in prefix.enumerated()
        where unsafeLoad(fromByteOffset: offset + index, as: UInt8.self) != byte {
            return false
        }
        return true
    }

    func has(_ ascii: String, at offset: Int = 0) -> Bool {
        has(Array(ascii.utf8), at: offset)
    }

    private func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
        return unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    func littleEndian16(at offset: Int) -> UInt16? { load(UInt16.self, at: offset)?.littleEndian }
    func littleEndian32(at offset: Int) -> UInt32? { load(UInt32.self, at: offset)?.littleEndian }
    func bigEndian16(at offset: Int) -> UInt16? { load(UInt16.self, at: offset)?.bigEndian }
    func bigEndian32(at offset: Int) -> UInt32? { load(UInt32.self, at: offset)?.bigEndian }

    /// Returns a copy of the bytes in a range, clamped to the span.
    func array(_ range: Range<Int>) -> [UInt8] {
        withUnsafeBytes { [UInt8]($0[range.clamped(to: $0.indices)]) }
    }

    /// Returns an unsigned number of `size` bytes, or nil if it exceeds the span or does not fit `Int`.
    func integer(at offset: Int, size: Int, isLittleEndian: Bool) -> Int? {
        guard offset >= 0, offset <= byteCount - size else { return nil }
        var value: UInt64 = 0
        for index in 0..<size {
            let position = isLittleEndian ? offset + size - 1 - index : offset + index
            value = value << 8 | UInt64(unsafeLoad(fromByteOffset: position, as: UInt8.self))
        }
        return Int(exactly: value)
    }
}

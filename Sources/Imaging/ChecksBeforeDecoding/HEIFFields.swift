/// Reads consecutive big-endian numbers from a part of a HEIF file; decodes nothing.
struct HEIFFields {
    /// Range of the bytes not yet read.
    private(set) var rest: Range<Int>

    init(_ part: Range<Int>) { rest = part }

    /// Reads an unsigned number of `size` bytes, at most 8; returns 0 if `size` is 0.
    mutating func integer(_ size: Int, in bytes: RawSpan) throws(HEIFItems.Malformed) -> Int {
        guard size <= min(8, rest.count),
            let value = bytes.integer(at: rest.lowerBound, size: size, isLittleEndian: false)
        else { throw HEIFItems.Malformed() }
        rest = (rest.lowerBound + size)..<rest.upperBound
        return value
    }

    /// Skips the next `count` bytes and returns their range.
    @discardableResult
    mutating func part(_ count: Int) throws(HEIFItems.Malformed) -> Range<Int> {
        guard count <= rest.count else { throw HEIFItems.Malformed() }
        let part = rest.lowerBound..<(rest.lowerBound + count)
        rest = part.upperBound..<rest.upperBound
        return part
    }
}

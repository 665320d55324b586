/// The numbers in a part of a HEIF file, one after the other.
struct HEIFFields {
    /// Where is what is not read yet.
    private(set) var rest: Range<Int>

    init(_ part: Range<Int>) { rest = part }

    /// An unsigned number of so many bytes; 0 where it has none.
    mutating func integer(_ size: Int, in bytes: RawSpan) throws(HEIFItems.Malformed) -> Int {
        guard size <= min(8, rest.count),
            let value = bytes.integer(at: rest.lowerBound, size: size, isLittleEndian: false)
        else { throw HEIFItems.Malformed() }
        rest = (rest.lowerBound + size)..<rest.upperBound
        return value
    }

    /// Where the next `count` bytes are, which are passed over.
    @discardableResult
    mutating func part(_ count: Int) throws(HEIFItems.Malformed) -> Range<Int> {
        guard count <= rest.count else { throw HEIFItems.Malformed() }
        let part = rest.lowerBound..<(rest.lowerBound + count)
        rest = part.upperBound..<rest.upperBound
        return part
    }
}

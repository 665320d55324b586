/// The elements of one or more tensors: a range of the file.
package final class TensorStorage {
    /// Type of the elements.
    package let elementType: ElementType
    /// Number of elements.
    package let count: Int

    private let bytes: [UInt8]
    private let range: Range<Int>

    /// Creates a storage of the elements in `range` of the complete file's bytes.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` if `range` does not hold exactly `count`
    ///   elements.
    init(_ bytes: [UInt8], _ range: Range<Int>, elementType: ElementType, count: Int) throws(PyTorchError) {
        guard count >= 0, count == range.count / elementType.byteCount, range.count % elementType.byteCount == 0 else {
            throw .corrupt("a storage of \(range.count) bytes claims to hold \(count) elements of type \(elementType)")
        }
        self.bytes = bytes
        self.range = range
        self.elementType = elementType
        self.count = count
    }

    /// Calls `body` with the elements in little-endian order; they may be unaligned.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

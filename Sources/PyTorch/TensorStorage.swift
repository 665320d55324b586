/// The elements that one or more tensors view: a part of the file.
package final class TensorStorage {
    /// What the elements are.
    package let elementType: ElementType
    /// How many there are.
    package let count: Int

    private let bytes: [UInt8]
    private let range: Range<Int>

    /// Elements in `range` of the whole file's bytes.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` where they are not as many as claimed.
    init(_ bytes: [UInt8], _ range: Range<Int>, elementType: ElementType, count: Int) throws(PyTorchError) {
        guard count >= 0, count == range.count / elementType.byteCount, range.count % elementType.byteCount == 0 else {
            throw .corrupt("a storage of \(range.count) bytes claims to be \(count) elements of \(elementType)")
        }
        self.bytes = bytes
        self.range = range
        self.elementType = elementType
        self.count = count
    }

    /// Calls `body` with the elements, little-endian, at any alignment.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

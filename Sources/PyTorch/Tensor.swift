/// A strided view of a storage in up to 32 dimensions; elements are copied only when they are read.
package struct Tensor {
    /// The storage of the elements, which other tensors may share.
    package let storage: TensorStorage
    /// Offset of the first element in the storage, in elements.
    package let offset: Int
    /// Size of each dimension; empty for a scalar.
    package let shape: [Int]
    /// Distance between neighbours in each dimension, in elements; 0 repeats one element.
    package let strides: [Int]
    /// Number of elements: the product of `shape`.
    package let count: Int

    static let maximumRank = 32

    /// Creates a view, which must lie within the storage and have no negative strides.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` otherwise.
    init(storage: TensorStorage, offset: Int, shape: [Int], strides: [Int]) throws(PyTorchError) {
        guard shape.count == strides.count, shape.count <= Self.maximumRank,
            offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }),
            let count = Self.product(of: shape),
            count == 0 || Self.lastOffset(offset, shape, strides).map({ $0 < storage.count }) == true
        else {
            throw .corrupt(
                "a tensor of shape \(shape.prefix(Self.maximumRank)) and strides \(strides.prefix(Self.maximumRank)) "
                    + "does not fit its storage of \(storage.count) elements"
            )
        }
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides
        self.count = count
    }

    /// Type of the elements.
    package var elementType: ElementType { storage.elementType }

    /// Whether the elements are in row-major order without gaps.
    package var isContiguous: Bool {
        guard count > 0 else { return true }
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected *= size
        }
        return true
    }

    private static func product(of shape: [Int]) -> Int? {
        // A dimension of size 0 makes the tensor empty, even if the product of the others overflows.
        guard !shape.contains(0) else { return 0 }
        var product = 1
        for size in shape {
            let (partial, overflow) = product.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            product = partial
        }
        return product
    }

    /// Returns the largest offset of any element, or nil if it overflows.
    private static func lastOffset(_ offset: Int, _ shape: [Int], _ strides: [Int]) -> Int? {
        var last = offset
        for (size, stride) in zip(shape, strides) {
            let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, sumOverflow) = last.addingReportingOverflow(distance)
            guard !overflow, !sumOverflow else { return nil }
            last = sum
        }
        return last
    }
}

/// A view of a storage in any number of dimensions; nothing is copied until its numbers are asked for.
package struct Tensor {
    /// The elements, which other tensors may share.
    package let storage: TensorStorage
    /// Where the first element is in the storage, in elements.
    package let offset: Int
    /// The size of each dimension; empty for a single number.
    package let shape: [Int]
    /// The distance between neighbours in each dimension, in elements; 0 where one element stands for all.
    package let strides: [Int]
    /// How many elements it has: the product of its shape.
    package let count: Int

    static let maximumRank = 32

    /// Makes a view that lies within the storage.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` where it does not.
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

    /// What the elements are.
    package var elementType: ElementType { storage.elementType }

    /// Whether the elements lie in row-major order without gaps.
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
        // A dimension without elements makes the others irrelevant, however large they claim to be.
        guard !shape.contains(0) else { return 0 }
        var product = 1
        for size in shape {
            let (partial, overflow) = product.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            product = partial
        }
        return product
    }

    /// The largest offset of any element, or nil where it is beyond all numbers.
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

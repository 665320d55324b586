/// A strided view of a storage, like `torch.Tensor`.
package struct SavedTensor: Sendable {
    package var storage: SavedStorage
    /// Offset of the first element in the storage, in elements.
    package var offset: Int
    package var shape: [Int]
    /// Distance between neighbours in each dimension, in elements.
    package var strides: [Int]

    /// Creates a view; tensors with the same storage object share it in the file.
    package init(storage: SavedStorage, offset: Int = 0, shape: [Int], strides: [Int]) {
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides
    }

    /// Creates a contiguous tensor with its own storage; `values` are in row-major order.
    package init(_ values: [Float], shape: [Int], as type: SavedStorage.ElementType = .float32) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values do not fit the shape \(shape)")
        self.init(storage: SavedStorage(values, as: type), shape: shape, strides: Self.contiguousStrides(of: shape))
    }

    /// Creates a contiguous tensor of one dimension.
    package init(_ values: [Float], as type: SavedStorage.ElementType = .float32) {
        self.init(values, shape: [values.count], as: type)
    }

    /// Creates a scalar: a tensor without dimensions, like `num_batches_tracked`.
    package init(scalar: Float, as type: SavedStorage.ElementType = .float32) {
        self.init([scalar], shape: [], as: type)
    }

    private static func contiguousStrides(of shape: [Int]) -> [Int] {
        var strides = shape
        var stride = 1
        for axis in shape.indices.reversed() {
            strides[axis] = stride
            stride *= max(shape[axis], 1)
        }
        return strides
    }
}

/// The elements of one or more tensors; each object is saved only once.
package final class SavedStorage: Sendable {
    /// PyTorch's element types; raw values are their storage classes.
    package enum ElementType: String, CaseIterable, Sendable {
        case float64 = "DoubleStorage"
        case float32 = "FloatStorage"
        case float16 = "HalfStorage"
        case bfloat16 = "BFloat16Storage"
        case int64 = "LongStorage"
        case int32 = "IntStorage"
        case int16 = "ShortStorage"
        case int8 = "CharStorage"
        case uint8 = "ByteStorage"
        case bool = "BoolStorage"
    }

    package let type: ElementType
    package let count: Int
    package let bytes: [UInt8]

    /// Creates a storage of any bytes; `count` need not match them.
    package init(_ type: ElementType, count: Int, bytes: [UInt8]) {
        self.type = type
        self.count = count
        self.bytes = bytes
    }

    /// Creates a storage of `values`, converted to `type`.
    package convenience init(_ values: [Float], as type: ElementType = .float32) {
        self.init(type, count: values.count, bytes: values.flatMap { type.bytes(of: $0) })
    }
}

extension SavedStorage.ElementType {
    fileprivate func bytes(of value: Float) -> [UInt8] {
        switch self {
        case .float64: littleEndian(Double(value).bitPattern)
        case .float32: littleEndian(value.bitPattern)
        case .float16: littleEndian(Float16(value).bitPattern)
        case .bfloat16: littleEndian(Self.bfloat16(value))
        case .int64: littleEndian(Int64(value))
        case .int32: littleEndian(Int32(value))
        case .int16: littleEndian(Int16(value))
        case .int8: littleEndian(Int8(value))
        case .uint8: [UInt8(value)]
        case .bool: [value == 0 ? 0 : 1]
        }
    }

    /// Returns the upper half of a `Float`'s bits, rounded to nearest, ties to even.
    private static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16)
    }
}

/// Returns the bytes of an integer in little-endian order, as in PyTorch's files.
package func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

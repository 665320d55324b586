/// A view of a storage, as `torch.Tensor` is.
package struct SavedTensor: Sendable {
    package var storage: SavedStorage
    /// Of the first element, in elements.
    package var offset: Int
    package var shape: [Int]
    /// In elements.
    package var strides: [Int]

    /// A view; tensors made of one and the same storage share it in the file.
    package init(storage: SavedStorage, offset: Int = 0, shape: [Int], strides: [Int]) {
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides
    }

    /// A contiguous tensor with a storage of its own; `values` in row-major order.
    package init(_ values: [Float], shape: [Int], as type: SavedStorage.ElementType = .float32) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values do not have the shape \(shape)")
        self.init(storage: SavedStorage(values, as: type), shape: shape, strides: Self.contiguousStrides(of: shape))
    }

    /// A contiguous tensor in one dimension.
    package init(_ values: [Float], as type: SavedStorage.ElementType = .float32) {
        self.init(values, shape: [values.count], as: type)
    }

    /// A number: a tensor without dimensions, as `num_batches_tracked`.
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

/// The elements that one or more tensors view; the same object is saved once.
package final class SavedStorage: Sendable {
    /// PyTorch's types of elements, by the class of their storage.
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

    /// Any bytes, with any claim about how many elements they are.
    package init(_ type: ElementType, count: Int, bytes: [UInt8]) {
        self.type = type
        self.count = count
        self.bytes = bytes
    }

    /// Elements of a type, each the nearest to the value.
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

    /// The upper half of a `Float`, rounded to nearest, ties to even.
    private static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16)
    }
}

/// The bytes of a number as files of PyTorch have them.
package func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

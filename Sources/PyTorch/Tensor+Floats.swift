extension Tensor {
    /// Returns the elements in row-major order, each rounded to the nearest `Float`; Booleans are 0 and 1.
    package func floats() -> [Float] {
        switch elementType {
        case .float64: gather(UInt64.self) { Float(Double(bitPattern: $0)) }
        case .float32: gather(UInt32.self) { Float(bitPattern: $0) }
        case .float16: gather(UInt16.self, Float.init(half:))
        case .bfloat16: gather(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .int64: gather(Int64.self) { Float($0) }
        case .int32: gather(Int32.self) { Float($0) }
        case .int16: gather(Int16.self) { Float($0) }
        case .int8: gather(Int8.self) { Float($0) }
        case .uint8: gather(UInt8.self) { Float($0) }
        case .bool: gather(UInt8.self) { $0 == 0 ? 0 : 1 }
        }
    }

    @inline(__always)
    private func gather<Raw: FixedWidthInteger & BitwiseCopyable>(
        _ type: Raw.Type,
        _ convert: (Raw) -> Float
    ) -> [Float] {
        storage.withUnsafeBytes { elements in
            [Float](unsafeUninitializedCapacity: count) { floats, initializedCount in
                guard count > 0, let base = elements.baseAddress else { return }
                let width = MemoryLayout<Raw>.size
                if isContiguous {
                    let first = base + offset * width
                    for index in 0..<count {
                        floats[index] = convert(
                            Raw(littleEndian: first.loadUnaligned(fromByteOffset: index &* width, as: type))
                        )
                    }
                } else {
                    var index = 0
                    forEachOffset { offset in
                        floats[index] = convert(
                            Raw(littleEndian: base.loadUnaligned(fromByteOffset: offset &* width, as: type))
                        )
                        index += 1
                    }
                }
                initializedCount = count
            }
        }
    }

    /// Calls `body` with the storage offset of each element, in row-major order.
    @inline(__always)
    private func forEachOffset(_ body: (Int) -> Void) {
        var position = [Int](repeating: 0, count: shape.count)
        var offset = self.offset
        for _ in 0..<count {
            body(offset)
            for axis in shape.indices.reversed() {
                // A dimension of size 1 may have any stride: the sum may overflow, and the subtraction undoes it.
                offset &+= strides[axis]
                position[axis] += 1
                guard position[axis] == shape[axis] else { break }
                offset &-= shape[axis] &* strides[axis]
                position[axis] = 0
            }
        }
    }
}

extension Float {
    /// Converts the bits of a half-precision number.
    ///
    /// Without F16C as a compilation target, `Float(Float16)` calls into the runtime for each number; this takes a few
    /// instructions, which the compiler vectorises.
    @inline(__always)
    init(half: UInt16) {
        let magnitude = UInt32(half & 0x7FFF) << 13
        let sign = UInt32(half & 0x8000) << 16
        // Change the exponent's bias from 15 to 127; the largest exponent remains that of infinity and NaN.
        let normal = magnitude &+ (magnitude >= 0x0F80_0000 ? 224 << 23 : 112 << 23)
        // Subnormal numbers are multiples of 2^-24.
        let subnormal = Float(Int32(bitPattern: magnitude >> 13)) * 0x1p-24
        self.init(bitPattern: (magnitude < 0x0080_0000 ? subnormal.bitPattern : normal) | sign)
    }
}

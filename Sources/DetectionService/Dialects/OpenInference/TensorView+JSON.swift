internal import Inference
internal import JSONSchema

extension TensorView {
    /// Writes the elements as a flat list.
    ///
    /// - Throws: `JSONWriter.LimitExceeded`; ``Problem`` if a value is infinite or no number.
    func write(to json: inout JSONWriter) throws {
        guard case .element(let element) = type else { return json.array([]) }
        switch element {
        case .boolean: try json.array(of: bytes.lazy.map { $0 != 0 })
        case .u8: try write(UInt8.self, to: &json)
        case .u16: try write(UInt16.self, to: &json)
        case .u32: try write(UInt32.self, to: &json)
        case .u64: try write(UInt64.self, to: &json)
        case .i8: try write(Int8.self, to: &json)
        case .i16: try write(Int16.self, to: &json)
        case .i32: try write(Int32.self, to: &json)
        case .i64: try write(Int64.self, to: &json)
        case .f16: try write(floats: bytes.bindMemory(to: Float16.self).lazy.map(Float.init), to: &json)
        case .bf16:
            let values = bytes.bindMemory(to: UInt16.self)
            try write(floats: values.lazy.map { Float(bitPattern: UInt32($0) << 16) }, to: &json)
        case .f32: try write(floats: bytes.bindMemory(to: Float.self), to: &json)
        case .f64:
            let values = bytes.bindMemory(to: Double.self)
            guard values.allSatisfy(\.isFinite) else { throw Self.notFinite }
            try json.array(of: values)
        }
    }

    private func write<Integer: FixedWidthInteger>(_: Integer.Type, to json: inout JSONWriter) throws {
        try json.array(of: bytes.bindMemory(to: Integer.self).lazy.map { Int(truncatingIfNeeded: $0) })
    }

    private func write(floats: some Sequence<Float>, to json: inout JSONWriter) throws {
        guard floats.allSatisfy(\.isFinite) else { throw Self.notFinite }
        try json.array(of: floats.lazy.map(ShortNumber.init))
    }

    private static let notFinite = Problem(
        .invalid,
        "The output has values that JSON cannot express; ask for binary data."
    )

    /// A number of single precision, in no more digits than it has.
    private struct ShortNumber: JSONRepresentable {
        static let schema = Schema.anyNumber
        var value: Float

        init(_ value: Float) { self.value = value }
        func write(to json: inout JSONWriter) { json.number(value) }
    }
}

internal import Basics
internal import DetectionService
internal import FoundationEssentials
internal import Inference
internal import InferenceMessages
internal import JSONSchema
internal import SwiftProtobuf

extension InferenceRequest {
    /// Reads a message, whose tensors are bytes or lists.
    ///
    /// - Throws: ``Problem`` if it is malformed.
    init(_ message: Inference_ModelInferRequest) throws(Problem) {
        let raw = message.rawInputContents
        guard raw.isEmpty || raw.count == message.inputs.count else {
            throw Problem(.malformed, "raw_input_contents has \(raw.count) entries for \(message.inputs.count) inputs.")
        }
        var inputs: [Input] = []
        for (index, tensor) in message.inputs.enumerated() {
            let name = tensor.name.printable(limit: 64)
            guard let type = TensorType(name: tensor.datatype) else {
                throw Problem(.invalid, "The input \(name) has an unknown datatype.")
            }
            guard tensor.shape.count <= 8, tensor.shape.allSatisfy({ (0...1 << 31).contains($0) }) else {
                throw Problem(.invalid, "The input \(name) has a size that is not possible.")
            }
            guard let bytes = raw.isEmpty ? tensor.contents.bytes(of: type) : [UInt8](raw[index]) else {
                throw Problem(.invalid, "The input \(name) must be sent in raw_input_contents.")
            }
            let shape = tensor.shape.map { Int($0) }
            inputs.append(Input(name: tensor.name, type: type, shape: shape, contents: .binary(bytes[...])))
        }
        self.init(
            inputs: inputs,
            outputs: message.outputs.isEmpty ? nil : message.outputs.map(\.name),
            parameters: message.parameters.compactMapValues(\.value)
        )
    }
}

extension Inference_InferParameter {
    /// The parameter as a JSON value; nil if it has none.
    fileprivate var value: JSONValue? {
        switch parameterChoice {
        case .boolParam(let value): .bool(value)
        case .int64Param(let value): .number(Double(value))
        case .uint64Param(let value): .number(Double(value))
        case .doubleParam(let value): .number(value)
        case .stringParam(let value): .string(value)
        case nil: nil
        }
    }
}

extension Inference_InferTensorContents {
    /// Returns the elements as the bytes of a type; nil if the protocol has no list for it.
    fileprivate func bytes(of type: TensorType) -> [UInt8]? {
        switch type {
        case .bytes:
            bytesContents.flatMap { element in
                withUnsafeBytes(of: UInt32(truncatingIfNeeded: element.count).littleEndian) { Array($0) } + element
            }
        case .element(.boolean): boolContents.map { $0 ? 1 : 0 }
        case .element(.i8): intContents.flatMap { Self.bytes(Int8(truncatingIfNeeded: $0)) }
        case .element(.i16): intContents.flatMap { Self.bytes(Int16(truncatingIfNeeded: $0)) }
        case .element(.i32): intContents.withUnsafeBytes { Array($0) }
        case .element(.i64): int64Contents.withUnsafeBytes { Array($0) }
        case .element(.u8): uintContents.map { UInt8(truncatingIfNeeded: $0) }
        case .element(.u16): uintContents.flatMap { Self.bytes(UInt16(truncatingIfNeeded: $0)) }
        case .element(.u32): uintContents.withUnsafeBytes { Array($0) }
        case .element(.u64): uint64Contents.withUnsafeBytes { Array($0) }
        case .element(.f32): fp32Contents.withUnsafeBytes { Array($0) }
        case .element(.f64): fp64Contents.withUnsafeBytes { Array($0) }
        case .element(.f16), .element(.bf16): nil
        }
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

extension InferenceModels.Port {
    var message: Inference_ModelMetadataResponse.TensorMetadata {
        .with {
            $0.name = name
            $0.datatype = type.name
            $0.shape = shape.map(Int64.init)
        }
    }
}

extension TensorType {
    /// The type in Triton's configurations.
    var message: Inference_DataType {
        switch self {
        case .bytes: .typeString
        case .element(let element):
            switch element {
            case .boolean: .typeBool
            case .u8: .typeUint8
            case .u16: .typeUint16
            case .u32: .typeUint32
            case .u64: .typeUint64
            case .i8: .typeInt8
            case .i16: .typeInt16
            case .i32: .typeInt32
            case .i64: .typeInt64
            case .f16: .typeFp16
            case .bf16: .typeBf16
            case .f32: .typeFp32
            case .f64: .typeFp64
            }
        }
    }
}

extension InferenceStatistics.Entry {
    /// The statistics of a model.
    func message(of name: String) -> Inference_ModelStatistics {
        .with {
            $0.name = name
            $0.version = InferenceModels.version
            $0.lastInference = UInt64(last)
            $0.inferenceCount = UInt64(totals.success.count)
            $0.executionCount = UInt64(totals.success.count)
            $0.inferenceStats.success = totals.success.message
            $0.inferenceStats.fail = totals.failure.message
            $0.inferenceStats.queue = totals[.queue].message
            $0.inferenceStats.computeInput = totals[.input].message
            $0.inferenceStats.computeInfer = totals[.inference].message
            $0.inferenceStats.computeOutput = totals[.output].message
        }
    }
}

extension InferenceStatistics.Total {
    fileprivate var message: Inference_StatisticDuration {
        .with {
            $0.count = UInt64(count)
            $0.ns = UInt64(nanoseconds)
        }
    }
}

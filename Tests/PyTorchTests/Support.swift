import Foundation
import PyTorch
import TestSupport
import Testing

/// Instructions of a pickle, one byte per character; no character may be above 255.
struct Opcodes: ExpressibleByStringInterpolation, CustomTestStringConvertible {
    let bytes: [UInt8]

    init(stringLiteral text: String) {
        bytes = text.unicodeScalars.map { UInt8($0.value) }
    }

    /// The text with escapes for control characters, suitable for a terminal.
    var testDescription: String {
        String(decoding: bytes, as: Unicode.ASCII.self).debugDescription
    }
}

/// Returns a checkpoint whose pickle has the given instructions between PROTO and STOP.
func file(_ opcodes: Opcodes, storages: [[UInt8]] = []) -> [UInt8] {
    CheckpointWriter.zip(pickle: [0x80, 2] + opcodes.bytes + Array(".".utf8), storages: storages).archive()
}

/// Reads a pickle that has the given instructions between PROTO and STOP.
func load(_ opcodes: Opcodes) throws(PyTorchError) -> PickleValue {
    try Checkpoint(bytes: file(opcodes)).root
}

/// Reads a pickle that Python's `base64` has encoded; line breaks are ignored.
func load(base64: String) throws -> PickleValue {
    guard let pickle = Data(base64Encoded: base64, options: .ignoreUnknownCharacters) else {
        throw CocoaError(.coderInvalidValue)
    }
    return try Checkpoint(bytes: CheckpointWriter.zip(pickle: [UInt8](pickle)).archive()).root
}

/// Returns the error of reading a file, or nil if reading succeeds.
func failure(_ bytes: [UInt8], limits: Checkpoint.Limits = .init()) -> PyTorchError? {
    do throws(PyTorchError) {
        _ = try Checkpoint(bytes: bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

extension PickleValue {
    /// The value as a Python literal; records are written as calls.
    var literal: String {
        switch self {
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let value): "'\(value)'"
        case .bytes(let value): "b\(value)"
        case .list(let list): "[\(list.elements.literal)]"
        case .tuple(let list): "(\(list.elements.literal))"
        case .set(let list): "{\(list.elements.literal)}"
        case .dictionary(let dictionary): dictionary.literal
        case .object(let object):
            "\(object.className)(\(object.arguments.literal))"
                + (object.state.map { ".state(\($0.literal))" } ?? "")
                + (object.elements.isEmpty ? "" : "[\(object.elements.literal)]") + (object.items?.literal ?? "")
        case .global(let name): name
        case .storage(let storage): "storage(\(storage.elementType), \(storage.count))"
        case .tensor(let tensor): "tensor(\(tensor.shape), \(tensor.floats()))"
        }
    }
}

extension PickleDictionary {
    fileprivate var literal: String {
        "{\(entries.map { "\($0.key.literal): \($0.value.literal)" }.joined(separator: ", "))}"
    }
}

extension [PickleValue] {
    fileprivate var literal: String { map(\.literal).joined(separator: ", ") }
}

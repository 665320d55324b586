import CheckpointSupport
import Foundation
import PyTorch
import Testing

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Instructions of a pickle: the bytes with the numbers of a text's characters, none of them over 255.
struct Opcodes: ExpressibleByStringInterpolation, CustomTestStringConvertible {
    let bytes: [UInt8]

    init(stringLiteral text: String) {
        bytes = text.unicodeScalars.map { UInt8($0.value) }
    }

    /// The text, fit for a terminal.
    var testDescription: String {
        String(decoding: bytes, as: Unicode.ASCII.self).debugDescription
    }
}

/// A file of one pickle, given by its instructions between the protocol and the end.
func file(_ opcodes: Opcodes, storages: [[UInt8]] = []) -> [UInt8] {
    CheckpointWriter.zip(pickle: [0x80, 2] + opcodes.bytes + Array(".".utf8), storages: storages).archive()
}

/// What a pickle, given by its instructions, is read as.
func load(_ opcodes: Opcodes) throws(PyTorchError) -> PickleValue {
    try Checkpoint(bytes: file(opcodes)).root
}

/// What a pickle is read as, from the text that Python's `base64` makes of it.
func load(base64: String) throws -> PickleValue {
    guard let pickle = Data(base64Encoded: base64, options: .ignoreUnknownCharacters) else {
        throw CocoaError(.coderInvalidValue)
    }
    return try Checkpoint(bytes: CheckpointWriter.zip(pickle: [UInt8](pickle)).archive()).root
}

/// What reading a file fails with, if it does.
func failure(_ bytes: [UInt8], limits: Checkpoint.Limits = .init()) -> PyTorchError? {
    do throws(PyTorchError) {
        _ = try Checkpoint(bytes: bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

extension PickleValue {
    /// The value as Python would write it, and records as what they would call.
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

internal import Glibc
internal import Inference

/// The elements of a tensor in a request.
package enum TensorContents: Sendable {
    /// Little-endian, in row-major order.
    case binary(ArraySlice<UInt8>)
    /// A JSON array, flat or nested, from `[` to `]`.
    case json(ArraySlice<UInt8>)

    /// Why elements cannot be read.
    struct Invalid: Error {
        var message: String
    }

    /// Copies the elements to the memory of a tensor.
    ///
    /// - Throws: ``Invalid`` if their number is not the tensor's, or one is not of its type.
    func copy(to memory: UnsafeMutableRawBufferPointer, as element: TensorElement) throws(Invalid) {
        switch self {
        case .binary(let bytes):
            guard bytes.count == memory.count else {
                throw Invalid(message: "has \(bytes.count) bytes instead of \(memory.count)")
            }
            memory.copyBytes(from: bytes)
        case .json(let text): try Self.parse(text, into: memory, as: element)
        }
    }

    /// Returns the elements of a tensor of bytes.
    ///
    /// - Parameter count: Their number.
    /// - Returns: The elements.
    /// - Throws: ``Invalid`` if there is another number of elements, or they are no texts.
    func elements(count: Int) throws(Invalid) -> [ArraySlice<UInt8>] {
        var elements: [ArraySlice<UInt8>] = []
        switch self {
        case .binary(var bytes):
            while !bytes.isEmpty {
                guard bytes.count >= 4 else { throw Invalid(message: "ends in the middle of a length") }
                let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
                bytes.removeFirst(4)
                guard bytes.count >= length else { throw Invalid(message: "ends in the middle of an element") }
                elements.append(bytes.prefix(length))
                bytes.removeFirst(length)
                guard elements.count <= count else { break }
            }
        case .json(let text):
            var scanner = JSONArrayScanner(text)
            while let token = scanner.next() {
                guard token.first == UInt8(ascii: "\""), !token.contains(UInt8(ascii: "\\")) else {
                    throw Invalid(message: "must be a list of plain texts, such as base64")
                }
                elements.append(token.dropFirst().dropLast())
                guard elements.count <= count else { break }
            }
        }
        guard elements.count == count else {
            throw Invalid(message: "has another number of elements than its shape says, \(count)")
        }
        return elements
    }

    private static func parse(
        _ text: ArraySlice<UInt8>,
        into memory: UnsafeMutableRawBufferPointer,
        as element: TensorElement
    ) throws(Invalid) {
        let size = element.byteCount
        var scanner = JSONArrayScanner(text)
        var offset = 0
        let wrongCount = Invalid(
            message: "has another number of elements than its shape says, \(memory.count / size)"
        )
        while let token = scanner.next() {
            guard offset < memory.count else { throw wrongCount }
            guard let value = number(token), store(value, to: memory, at: offset, as: element) else {
                throw Invalid(
                    message: "has \(String(decoding: token.prefix(20), as: UTF8.self)), which is not a value of type "
                        + TensorType.element(element).name
                )
            }
            offset += size
        }
        guard offset == memory.count else { throw wrongCount }
    }

    /// Returns the value of a number, `true` or `false`; nil for anything else.
    private static func number(_ token: ArraySlice<UInt8>) -> Double? {
        switch token.first {
        case UInt8(ascii: "t") where token.elementsEqual("true".utf8): return 1
        case UInt8(ascii: "f") where token.elementsEqual("false".utf8): return 0
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            // Texts of this length cost no more than they are worth; strtod reads as far as it can.
            guard token.count <= 64, token.allSatisfy({ Self.isNumeric($0) }) else { return nil }
            return token.withUnsafeBytes { bytes in
                // A token is always followed by another byte of the array, at which the number ends.
                guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return nil }
                var end: UnsafeMutablePointer<CChar>?
                let value = strtod(start, &end)
                return end == UnsafeMutablePointer(mutating: start) + bytes.count && value.isFinite ? value : nil
            }
        default: return nil
        }
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Stores a number; returns whether it is a value of the type.
    private static func store(
        _ value: Double,
        to memory: UnsafeMutableRawBufferPointer,
        at offset: Int,
        as element: TensorElement
    ) -> Bool {
        func whole<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type) -> Bool {
            guard let integer = Integer(exactly: value) else { return false }
            memory.storeBytes(of: integer, toByteOffset: offset, as: Integer.self)
            return true
        }
        switch element {
        case .boolean:
            memory[offset] = value == 0 ? 0 : 1
            return value == 0 || value == 1
        case .u8: return whole(UInt8.self)
        case .u16: return whole(UInt16.self)
        case .u32: return whole(UInt32.self)
        case .u64: return whole(UInt64.self)
        case .i8: return whole(Int8.self)
        case .i16: return whole(Int16.self)
        case .i32: return whole(Int32.self)
        case .i64: return whole(Int64.self)
        case .f32: memory.storeBytes(of: Float(value), toByteOffset: offset, as: Float.self)
        case .f64: memory.storeBytes(of: value, toByteOffset: offset, as: Double.self)
        case .f16: memory.storeBytes(of: Float16(value), toByteOffset: offset, as: Float16.self)
        case .bf16:
            // Rounds to nearest, ties to even.
            let bits = Float(value).bitPattern
            let rounded = (UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16
            memory.storeBytes(of: UInt16(truncatingIfNeeded: rounded), toByteOffset: offset, as: UInt16.self)
        }
        return true
    }
}

/// Returns the values of a JSON array in turn, without its nesting.
struct JSONArrayScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) {
        rest = text
    }

    /// Returns the text of the next value, with a text's quotation marks; nil at the end.
    mutating func next() -> ArraySlice<UInt8>? {
        guard let start = rest.firstIndex(where: { !Self.isSeparator($0) }) else { return nil }
        if rest[start] == UInt8(ascii: "\"") {
            var end = start + 1
            while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
                end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < rest.endIndex else { return nil }
            defer { rest = rest[(end + 1)...] }
            return rest[start...end]
        }
        var end = start + 1
        while end < rest.endIndex, !Self.isSeparator(rest[end]), rest[end] != UInt8(ascii: "\"") { end += 1 }
        defer { rest = rest[end...] }
        return rest[start..<end]
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","), 9, 10, 13, 32: true
        default: false
        }
    }
}

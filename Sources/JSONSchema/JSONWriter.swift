internal import Basics
internal import FoundationEssentials

/// Writes JSON directly to bytes, with members in the order of the calls.
///
/// For responses with thousands of numbers, a general encoder would take longer than the network.
package struct JSONWriter: Sendable {
    /// The text grew beyond the writer's limit.
    package struct LimitExceeded: Error {}

    package private(set) var bytes: [UInt8] = []
    /// Maximum number of bytes, checked after each element of ``array(of:)``.
    private let limit: Int
    /// Whether the next value or member needs a comma before it.
    private var needsComma = false

    package init(limit: Int = .max) {
        self.limit = limit
    }

    package mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        try enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    package mutating func array(_ elements: (inout JSONWriter) throws -> Void) rethrows {
        try enclose(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    /// Writes an array of values.
    ///
    /// - Throws: ``LimitExceeded`` once the text is longer than the limit.
    package mutating func array(of values: some Sequence<some JSONRepresentable>) throws {
        try array { writer in
            for value in values {
                try value.write(to: &writer)
                guard writer.bytes.count <= writer.limit else { throw LimitExceeded() }
            }
        }
    }

    package mutating func array(_ numbers: [Double]) {
        array { writer in
            for number in numbers { writer.number(number) }
        }
    }

    /// Starts a member of an object; write its value next.
    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a finite number.
    package mutating func number(_ number: Double) {
        if let integer = Int(exactly: number) { return self.number(integer) }
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    /// Writes a finite number of single precision, with no more digits than it has.
    package mutating func number(_ number: Float) {
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    package mutating func number(_ number: Int) {
        separate()
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder))
            rest = quotient
        } while rest > 0
        bytes[start...].reverse()
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case ..<0x20: bytes.append(contentsOf: "\\u00\([byte].hexadecimal)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes bytes as a base64 string; faster than ``string(_:)``, because nothing needs to be escaped.
    package mutating func base64(_ data: [UInt8]) {
        separate()
        let digits = Data(data).base64EncodedData()
        bytes.reserveCapacity(bytes.count + digits.count + 1024)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: digits)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes bytes that are already JSON.
    package mutating func json(_ value: [UInt8]) {
        separate()
        bytes.append(contentsOf: value)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func enclose(
        _ opening: UInt8,
        _ closing: UInt8,
        _ contents: (inout JSONWriter) throws -> Void
    ) rethrows {
        separate()
        bytes.append(opening)
        needsComma = false
        try contents(&self)
        bytes.append(closing)
        needsComma = true
    }
}

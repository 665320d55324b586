internal import FoundationEssentials

/// Writes JSON byte by byte.
///
/// For answers with thousands of numbers, where a general encoder would take longer than the network. Members come in
/// the order in which they are written.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether something stands before the next value or member of the object or array that is open.
    private var needsComma = false

    package init() {}

    package mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        try enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    package mutating func array(_ elements: (inout JSONWriter) throws -> Void) rethrows {
        try enclose(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    package mutating func array(_ numbers: [Double]) {
        array { writer in
            for number in numbers { writer.number(number) }
        }
    }

    /// Begins a member of an object; its value comes next.
    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// - Parameter number: A finite number.
    package mutating func number(_ number: Double) {
        if let integer = Int(exactly: number) { return self.number(integer) }
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

    package mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case ..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes bytes as a string in base64.
    ///
    /// A picture's are so many that looking for what to escape would take a while.
    package mutating func base64(_ data: [UInt8]) {
        separate()
        let digits = Data(data).base64EncodedData()
        bytes.reserveCapacity(bytes.count + digits.count + 1024)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: digits)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes bytes that are JSON already.
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

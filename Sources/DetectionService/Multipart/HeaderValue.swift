/// A header value with parameters, such as `form-data; name="file"`.
///
/// Stricter than most parsers if they disagree: a duplicate parameter is an error. More lenient for careless clients:
/// an unquoted value may contain any visible ASCII character except `"`, `,`, `;` and `\`.
/// - SeeAlso: RFC 9110, sections 5.6.4 and 5.6.6.
package struct HeaderValue: Hashable, Sendable {
    /// The text before the first semicolon, in lower case.
    package let value: String
    /// Parameter values by lowercase name, unquoted.
    package let parameters: [String: String]

    /// Parses the text of a header; nil if it does not follow the grammar.
    package init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        let value = rest.popPrefix { $0 != UInt8(ascii: ";") }.trimmingWhitespace()
        guard !value.isEmpty, value.allSatisfy({ $0.isTokenCharacter || $0 == UInt8(ascii: "/") }) else { return nil }

        var parameters: [String: String] = [:]
        while rest.popFirst() != nil {
            rest = rest.trimmingWhitespace()
            // RFC 9110 allows empty parameters, and therefore a trailing semicolon.
            if rest.isEmpty || rest.first == UInt8(ascii: ";") { continue }
            let name = rest.popPrefix { $0.isTokenCharacter }
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "="), let value = rest.popParameterValue(),
                parameters.updateValue(String(decoding: value, as: UTF8.self), forKey: name.lowercasedText) == nil
            else { return nil }
            rest = rest.trimmingWhitespace()
            guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
        }
        self.value = value.lowercasedText
        self.parameters = parameters
    }
}

extension ArraySlice<UInt8> {
    /// Removes and returns the longest prefix of bytes that satisfy the predicate.
    fileprivate mutating func popPrefix(while predicate: (UInt8) -> Bool) -> ArraySlice {
        let prefix = self.prefix(while: predicate)
        removeFirst(prefix.count)
        return prefix
    }

    /// Removes and returns a parameter's value without quotes; nil if it is missing or its quote is not closed.
    fileprivate mutating func popParameterValue() -> [UInt8]? {
        guard first == UInt8(ascii: "\"") else {
            let value = popPrefix { (0x21...0x7E).contains($0) && !#"",;\"#.utf8.contains($0) }
            return value.isEmpty ? nil : Array(value)
        }
        removeFirst()
        var value: [UInt8] = []
        while let byte = popFirst() {
            switch (byte, first) {
            case (UInt8(ascii: "\""), _):
                return value
            // A quote at the end of the text closes the value even after a backslash: `filename="C:\pictures\"`.
            case (UInt8(ascii: "\\"), .some(let next))
            where next == UInt8(ascii: "\\") || next == UInt8(ascii: "\"") && count > 1:
                value.append(next)
                removeFirst()
            default:
                // Any other backslash is literal: old browsers send `filename="C:\pictures\cat.jpg"`.
                value.append(byte)
            }
        }
        return nil
    }

    func trimmingWhitespace() -> ArraySlice {
        let isWhitespace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = drop(while: isWhitespace)
        return start.prefix((start.lastIndex { !isWhitespace($0) }).map { $0 + 1 - start.startIndex } ?? 0)
    }

    var lowercasedText: String { String(decoding: self, as: UTF8.self).lowercased() }
}

extension UInt8 {
    /// Whether the byte may be part of a token.
    ///
    /// - SeeAlso: RFC 9110, section 5.6.2.
    var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}

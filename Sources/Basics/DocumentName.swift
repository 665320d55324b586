/// The name of a kept document, or id of a picture: 1 to 64 letters, digits, `.`, `_` and `-`, not beginning with a dot, so
/// that it cannot form a path.
package struct DocumentName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The same rule as a regular expression.
    package static let pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]*$"
    package static let maximumLength = 64

    package let description: String

    /// - Returns: nil if the text is not a name.
    package init?(_ text: String) {
        let isValid = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isValid, (1...Self.maximumLength).contains(text.utf8.count), !text.hasPrefix(".") else { return nil }
        description = text
    }

    package static func < (one: DocumentName, other: DocumentName) -> Bool { one.description < other.description }
}

/// The valid form of a JSON value, declared once for validation and for published documents.
///
/// A subset of JSON Schema 2020-12.
package struct Schema: Sendable {
    package indirect enum Kind: Sendable {
        case boolean
        case integer(ClosedRange<Int>)
        case integerChoice([Int])
        case number(ClosedRange<Double>)
        case string(StringRule)
        case array(of: Schema, count: ClosedRange<Int>)
        case object([Field])
        /// An object with any names of 1 to 64 characters.
        case dictionary(of: Schema, count: ClosedRange<Int>)
        /// The first alternative that accepts the value applies.
        case anyOf([Schema])
        /// Any value.
        case any
    }

    package enum StringRule: Sendable {
        case oneOf([String])
        /// Lengths are in characters; `pattern` is only published, `matches` validates.
        case text(length: ClosedRange<Int>, pattern: String?, matches: @Sendable (String) -> Bool)
        /// Base64 data, validated when it is decoded.
        case base64
    }

    package var kind: Kind
    package var summary: String?
    /// Name of the type, which documents use to publish it once.
    package var title: String?
    package var defaultValue: JSONValue?
    package var example: JSONValue?
    /// The allowed values in words, to follow "must be", in place of those that are made from the kind.
    package var wording: String?
    /// Whether null means the default.
    package var isNullable = false

    package static let boolean = Schema(kind: .boolean)
    package static let any = Schema(kind: .any)
    package static let anyString = Schema(
        kind: .string(.text(length: 0...Int.max, pattern: nil, matches: { _ in true }))
    )
    package static let anyNumber = Schema(kind: .number(-Double.infinity...Double.infinity))
    package static let anyInteger = Schema(kind: .integer(Int.min...Int.max))

    package static func integer(_ range: ClosedRange<Int>) -> Schema { Schema(kind: .integer(range)) }
    package static func oneOf(_ values: [Int]) -> Schema { Schema(kind: .integerChoice(values)) }
    package static func number(_ range: ClosedRange<Double>) -> Schema { Schema(kind: .number(range)) }
    package static func oneOf(_ values: [String]) -> Schema { Schema(kind: .string(.oneOf(values))) }
    package static func array(of element: Schema, count: ClosedRange<Int> = 0...Int.max) -> Schema {
        Schema(kind: .array(of: element, count: count))
    }
    package static func text(_ length: ClosedRange<Int>) -> Schema {
        Schema(kind: .string(.text(length: length, pattern: nil) { _ in true }))
    }
    package static func object(_ fields: [Field]) -> Schema { Schema(kind: .object(fields)) }
    package static func dictionary(of value: Schema, count: ClosedRange<Int>) -> Schema {
        Schema(kind: .dictionary(of: value, count: count))
    }
    package static func anyOf(_ alternatives: [Schema]) -> Schema { Schema(kind: .anyOf(alternatives)) }

    package func titled(_ title: String) -> Schema { with { $0.title = title } }
    package func described(_ summary: String) -> Schema { with { $0.summary = summary } }
    package func defaulting(to value: JSONValue) -> Schema { with { $0.defaultValue = value } }
    package func example(_ value: JSONValue) -> Schema { with { $0.example = value } }
    package func worded(_ wording: String) -> Schema { with { $0.wording = wording } }
    package func nullable() -> Schema { with { $0.isNullable = true } }

    package init(kind: Kind) {
        self.kind = kind
    }

    private func with(_ change: (inout Schema) -> Void) -> Schema {
        var copy = self
        change(&copy)
        return copy
    }
}

/// A named member of an object, or a named parameter.
package struct Field: Sendable {
    package var name: String
    package var schema: Schema
    package var isRequired: Bool
    /// What other programs call it; only errors mention them.
    package var otherNames: [String]

    package init(name: String, schema: Schema, isRequired: Bool = false, otherNames: [String] = []) {
        self.name = name
        self.otherNames = otherNames
        self.schema = schema
        self.isRequired = isRequired
    }
}

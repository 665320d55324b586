/// What a value may be: the one declaration that is validated against and published in the OpenAPI document.
///
/// The part of JSON Schema 2020-12 that the service needs.
struct Schema: Sendable {
    indirect enum Kind: Sendable {
        case boolean
        case integer(ClosedRange<Int>)
        case integerChoice([Int])
        case number(ClosedRange<Double>)
        case string(StringRule)
        case array(of: Schema, count: ClosedRange<Int>)
        case object([Field])
        /// The first alternative that accepts the value counts.
        case anyOf([Schema])
        /// An answer's member whose form is not described further.
        case any
    }

    enum StringRule: Sendable {
        case oneOf([String])
        /// Lengths in characters; `pattern` is published, `matches` is what decides.
        case text(length: ClosedRange<Int>, pattern: String?, matches: @Sendable (String) -> Bool)
        /// Bytes in base64, checked where they are decoded.
        case base64
    }

    var kind: Kind
    var summary: String?
    var defaultValue: JSONValue?
    var example: JSONValue?
    /// Whether null stands for the default.
    var isNullable = false

    static let boolean = Schema(kind: .boolean)
    static let any = Schema(kind: .any)
    static let anyString = Schema(kind: .string(.text(length: 0...Int.max, pattern: nil, matches: { _ in true })))
    static let anyNumber = Schema(kind: .number(-Double.infinity...Double.infinity))
    static let anyInteger = Schema(kind: .integer(Int.min...Int.max))

    static func integer(_ range: ClosedRange<Int>) -> Schema { Schema(kind: .integer(range)) }
    static func oneOf(_ values: [Int]) -> Schema { Schema(kind: .integerChoice(values)) }
    static func number(_ range: ClosedRange<Double>) -> Schema { Schema(kind: .number(range)) }
    static func oneOf(_ values: [String]) -> Schema { Schema(kind: .string(.oneOf(values))) }
    static func array(of element: Schema, count: ClosedRange<Int> = 0...Int.max) -> Schema {
        Schema(kind: .array(of: element, count: count))
    }
    static func object(_ fields: [Field]) -> Schema { Schema(kind: .object(fields)) }
    static func anyOf(_ alternatives: [Schema]) -> Schema { Schema(kind: .anyOf(alternatives)) }

    func described(_ summary: String) -> Schema { with { $0.summary = summary } }
    func defaulting(to value: JSONValue) -> Schema { with { $0.defaultValue = value } }
    func example(_ value: JSONValue) -> Schema { with { $0.example = value } }
    func nullable() -> Schema { with { $0.isNullable = true } }

    private func with(_ change: (inout Schema) -> Void) -> Schema {
        var copy = self
        change(&copy)
        return copy
    }
}

/// A named member of an object, or a named parameter.
struct Field: Sendable {
    var name: String
    var schema: Schema
    var isRequired = false
}

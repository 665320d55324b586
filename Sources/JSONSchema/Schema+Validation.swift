internal import Basics

/// One invalid value.
package struct ValidationError: Hashable, Sendable {
    /// Path to the value, such as `["body", "scaling_factor"]`.
    package var location: [String]
    /// What is wrong and what is allowed, to follow the value's name.
    package var message: String
    /// The kind of violation, such as `out_of_range`.
    package var type: String

    package init(location: [String], message: String, type: String) {
        self.location = location
        self.message = message
        self.type = type
    }
}

/// The first 20 invalid values of an input; the limit keeps the report from growing with the input.
package struct ValidationErrors: Error, Sendable {
    private static let maximumCount = 20

    package private(set) var list: [ValidationError]

    package init(_ list: [ValidationError] = []) {
        self.list = list
    }

    /// A single invalid value.
    package init(at location: [String], _ message: String, type: String) {
        self.init([ValidationError(location: location, message: message, type: type)])
    }

    var isFull: Bool { list.count >= Self.maximumCount }

    package mutating func add(_ error: ValidationError) {
        if !isFull { list.append(error) }
    }

    /// Throws the errors if there are any.
    package func check() throws(ValidationErrors) {
        guard list.isEmpty else { throw self }
    }
}

extension Schema {
    /// Validates a value and adds violations to `errors`.
    package func validate(_ value: JSONValue, at location: [String], into errors: inout ValidationErrors) {
        func fail(_ type: String, _ message: String) {
            errors.add(ValidationError(location: location, message: message, type: type))
        }
        if isNullable, value == .null { return }
        switch (kind, value) {
        case (.any, _), (.boolean, .bool): break
        case (.integer(let range), .number(let number)) where number.rounded() == number:
            if number < Double(range.lowerBound) || number > Double(range.upperBound) {
                fail("out_of_range", "must be \(expectation)")
            }
        case (.integerChoice(let values), .number(let number)):
            if !values.contains(where: { Double($0) == number }) { fail("not_allowed", "must be \(expectation)") }
        case (.number(let range), .number(let number)):
            if !range.contains(number) { fail("out_of_range", "must be \(expectation)") }
        case (.string(let rule), .string(let text)):
            if !rule.accepts(text) { fail("not_allowed", "must be \(expectation)") }
        case (.array(let element, let count), .array(let values)):
            if !count.contains(values.count) { fail("wrong_length", "must be \(expectation)") }
            for (index, value) in values.enumerated() where !errors.isFull {
                element.validate(value, at: location + [String(index)], into: &errors)
            }
        case (.object(let fields), .object(let members)):
            Self.validate(members, against: fields, at: location, into: &errors)
        case (.dictionary(let value, let count), .object(let members)):
            if !count.contains(members.count) { fail("wrong_length", "must be \(expectation)") }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) where !errors.isFull {
                let place = location + [name.printable(limit: 64)]
                if (1...64).contains(name.unicodeScalars.count) {
                    value.validate(member, at: place, into: &errors)
                } else {
                    errors.add(
                        ValidationError(
                            location: place,
                            message: "needs a name of 1 to 64 characters",
                            type: "wrong_length"
                        )
                    )
                }
            }
        case (.anyOf(let alternatives), _):
            let isAccepted = alternatives.contains { alternative in
                var found = ValidationErrors()
                alternative.validate(value, at: location, into: &found)
                return found.list.isEmpty
            }
            guard !isAccepted else { break }
            let candidates = alternatives.filter { $0.mayBe(value) }
            if wording == nil, candidates.count == 1 {
                candidates[0].validate(value, at: location, into: &errors)
            } else {
                fail("not_allowed", "must be \(expectation)")
            }
        default:
            fail("wrong_type", "must be \(expectation), not \(value.typeName)")
        }
    }

    /// Validates the members of an object: unknown and missing members, and each member's own schema.
    static func validate(
        _ members: [String: JSONValue],
        against fields: [Field],
        at location: [String],
        into errors: inout ValidationErrors
    ) {
        for name in members.keys.sorted() where !fields.contains(where: { $0.name == name }) {
            guard !errors.isFull else { return }
            let known = fields.map(\.name).joined(separator: ", ")
            let suggestion = Field.suggestion(for: name, from: fields).map { "; did you mean \($0)?" } ?? ""
            let message = "is not known" + suggestion + (known.isEmpty ? "" : "; known names are \(known)")
            let error = ValidationError(
                location: location + [name.printable(limit: 64)],
                message: message,
                type: "unknown"
            )
            errors.add(error)
        }
        for field in fields {
            if let value = members[field.name] {
                field.schema.validate(value, at: location + [field.name], into: &errors)
            } else if field.isRequired {
                let message = "is required: \(field.schema.expectation)"
                errors.add(ValidationError(location: location + [field.name], message: message, type: "missing"))
            }
        }
    }

    /// Parses a query item or command-line value; nil if the text is not of the schema's type.
    ///
    /// List elements are separated by commas. If the schema ``isStructured``, the text may be JSON.
    func value(ofText text: String) -> JSONValue? {
        guard isStructured else { return scalar(ofText: text) }
        if isNullable, text == "null" { return .some(.null) }
        return scalar(ofText: text) ?? (try? JSONValue(parsing: Array(text.utf8)))
    }

    /// Parses a text; nil if the value is not valid.
    private func validValue(ofText text: String) -> JSONValue? {
        // `nil` would be JSON's null.
        guard let value = value(ofText: text) else { return .none }
        var errors = ValidationErrors()
        validate(value, at: [], into: &errors)
        return errors.list.isEmpty ? .some(value) : .none
    }

    /// Whether values may be objects, or lists of lists.
    package var isStructured: Bool {
        switch kind {
        case .object, .dictionary: true
        case .array(let element, _):
            if case .array = element.kind { true } else { element.isStructured }
        case .anyOf(let alternatives): alternatives.contains(where: \.isStructured)
        default: false
        }
    }

    private func scalar(ofText text: String) -> JSONValue? {
        switch kind {
        case .object, .dictionary: nil
        case .array where isStructured: nil
        case .any, .string: .string(text)
        case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .integer, .integerChoice: Int(text).map { .number(Double($0)) }
        case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        case .array(let element, _):
            text.isEmpty
                ? .array([])
                : .array(
                    text.split(separator: ",", omittingEmptySubsequences: false).map { item in
                        let item = item.trimmed
                        return element.value(ofText: item) ?? .string(item)
                    }
                )
        case .anyOf(let alternatives):
            alternatives.lazy.compactMap { $0.validValue(ofText: text) }.first
        }
    }

    /// Whether a value is of a type that the schema accepts.
    private func mayBe(_ value: JSONValue) -> Bool {
        switch (kind, value) {
        case (.any, _), (.boolean, .bool), (.integer, .number), (.integerChoice, .number), (.number, .number),
            (.string, .string), (.array, .array), (.object, .object), (.dictionary, .object):
            true
        case (.anyOf(let alternatives), _): alternatives.contains { $0.mayBe(value) }
        default: false
        }
    }

    /// The allowed values in JSON, worded to follow "must be".
    var expectation: String { isNullable ? "\(allowedValues), or null" : allowedValues }

    /// The allowed values except null, such as `a number from 0 to 1`.
    package var allowedValues: String {
        if let wording { return wording }
        return switch kind {
        case .any: "any value"
        case .boolean: "true or false"
        case .integer(let range) where range.upperBound == Int.max: "a whole number"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .integerChoice(let values): "one of \(values.map(String.init).joined(separator: ", "))"
        case .number(let range) where range.upperBound.isInfinite: "a number"
        case .number(let range): "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .string(let rule): rule.expectation
        case .array(let element, let count) where count.upperBound == Int.max: "a list of \(element.expectation)"
        case .array(let element, let count) where count.count == 1:
            "a list of \(count.lowerBound), each \(element.expectation)"
        case .array(let element, let count):
            "a list of \(count.lowerBound) to \(count.upperBound), each \(element.expectation)"
        case .object(let fields): "an object with \(fields.map(\.name).joined(separator: ", "))"
        case .dictionary(let value, let count):
            "an object with \(count.lowerBound) to \(count.upperBound) names, each \(value.expectation)"
        case .anyOf(let alternatives): alternatives.map(\.expectation).joined(separator: ", or ")
        }
    }

    /// The default as it is written in queries and on the command line; nil without one.
    package var defaultText: String? {
        switch defaultValue {
        case .number(let number): Self.text(number)
        case .bool(let value): value ? "true" : "false"
        case .string(let text): text
        default: nil
        }
    }

    /// The number, without `.0` if it is whole.
    private static func text(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }
}

extension Field {
    /// Returns the name of the field that was probably meant by an unknown name; nil if none is similar.
    package static func suggestion(for name: String, from fields: [Field]) -> String? {
        // Scalars, because one character may consist of millions of them.
        let text = String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))
        let canonical = String(text.map { $0 == "-" ? "_" : $0 }).lowercased()
        return fields.first { $0.name == canonical || $0.otherNames.contains(canonical) }?.name
            ?? canonical.suggestion(from: fields.map(\.name))
    }
}

extension Schema.StringRule {
    func accepts(_ text: String) -> Bool {
        switch self {
        case .oneOf(let values): values.contains(text)
        case .text(let length, _, let matches): length.contains(text.unicodeScalars.count) && matches(text)
        case .base64: true
        }
    }

    var expectation: String {
        switch self {
        case .oneOf(let values): "one of \(values.joined(separator: ", "))"
        case .text(let length, let pattern, _) where length.upperBound < Int.max:
            "text of \(length.lowerBound) to \(length.upperBound) characters"
                + (pattern.map { " that match \($0)" } ?? "")
        case .text: "text"
        case .base64: "bytes in base64"
        }
    }
}

extension Substring {
    /// The text without leading and trailing spaces.
    fileprivate var trimmed: String {
        let start = drop { $0 == " " }
        guard let end = start.lastIndex(where: { $0 != " " }) else { return "" }
        return String(start[...end])
    }
}

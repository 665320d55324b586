/// What is wrong with one value of a request.
struct ValidationError: Hashable, Sendable {
    /// Where it is: `["body", "scaling_factor"]`.
    var location: [String]
    /// What is wrong and what is allowed.
    var message: String
    /// The kind of violation, such as `out_of_range`.
    var type: String
}

/// What is wrong with a request, as far as it is told: an answer must not grow with the number of mistakes.
struct ValidationErrors: Sendable {
    private static let maximumCount = 20

    private(set) var list: [ValidationError] = []

    var isFull: Bool { list.count >= Self.maximumCount }

    mutating func add(_ error: ValidationError) {
        if !isFull { list.append(error) }
    }
}

extension Schema {
    /// Checks a value, adding what is wrong with it to `errors`.
    func validate(_ value: JSONValue, at location: [String], into errors: inout ValidationErrors) {
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
        case (.anyOf(let alternatives), _):
            let isAccepted = alternatives.contains { alternative in
                var found = ValidationErrors()
                alternative.validate(value, at: location, into: &found)
                return found.list.isEmpty
            }
            if !isAccepted { fail("not_allowed", "must be \(expectation)") }
        default:
            fail("wrong_type", "must be \(expectation), not \(value.typeName)")
        }
    }

    /// Checks the members of an object: none unknown, none missing, each of its own schema.
    static func validate(
        _ members: [String: JSONValue],
        against fields: [Field],
        at location: [String],
        into errors: inout ValidationErrors
    ) {
        for name in members.keys.sorted() where !fields.contains(where: { $0.name == name }) {
            let known = fields.map(\.name).joined(separator: ", ")
            let message = known.isEmpty ? "is not known here" : "is not known here; known are \(known)"
            guard !errors.isFull else { return }
            let error = ValidationError(
                location: location + [String(name.prefix(64))],
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

    /// The value that a query item stands for, or nil where its text is of another type.
    ///
    /// A list is written with commas.
    func value(ofText text: String) -> JSONValue? {
        switch kind {
        case .any, .string: .string(text)
        case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .integer, .integerChoice: Int(text).map { .number(Double($0)) }
        case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        case .array(let element, _):
            text.isEmpty
                ? .array([])
                : .array(
                    text.split(separator: ",", omittingEmptySubsequences: false).map { item in
                        element.value(ofText: String(item)) ?? .string(String(item))
                    }
                )
        case .anyOf(let alternatives):
            alternatives.lazy.compactMap { alternative in
                alternative.value(ofText: text).flatMap { value in
                    var errors = ValidationErrors()
                    alternative.validate(value, at: [], into: &errors)
                    return errors.list.isEmpty ? value : nil
                }
            }.first
        case .object: nil
        }
    }

    /// What is allowed, in words that follow "must be".
    var expectation: String {
        let allowed =
            switch kind {
            case .any: "any value"
            case .boolean: "true or false"
            case .integer(let range) where range.upperBound == Int.max: "a whole number"
            case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .integerChoice(let values): "one of \(values.map(String.init).joined(separator: ", "))"
            case .number(let range) where range.upperBound.isInfinite: "a number"
            case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
            case .string(let rule): rule.expectation
            case .array(let element, let count) where count.upperBound == Int.max: "a list of \(element.expectation)"
            case .array(let element, let count):
                "a list of \(count.lowerBound) to \(count.upperBound), each \(element.expectation)"
            case .object: "an object"
            case .anyOf(let alternatives): alternatives.map(\.expectation).joined(separator: ", or ")
            }
        return isNullable ? "\(allowed), or null" : allowed
    }
}

extension Schema.StringRule {
    func accepts(_ text: String) -> Bool {
        switch self {
        case .oneOf(let values): values.contains(text)
        case .text(let length, _, let matches): length.contains(text.count) && matches(text)
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

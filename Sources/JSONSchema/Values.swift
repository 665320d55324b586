/// Validated values by name; null counts as absent.
package struct Values: Sendable {
    private let members: [String: JSONValue]

    package init(_ members: [String: JSONValue]) {
        self.members = members.filter { $0.value != .null }
    }

    /// Parses and validates named texts, such as query items or command-line options.
    ///
    /// A list may be given as several items of one name.
    /// - Parameters:
    ///   - items: Names and texts.
    ///   - fields: The declared values.
    ///   - location: Start of the locations of errors, such as `query`.
    ///   - errors: Receives an error for each item that is unknown, missing, given twice or invalid.
    package init(
        parsing items: [(name: String, text: String)],
        fields: [Field],
        location: String,
        into errors: inout ValidationErrors
    ) {
        var values: [String: JSONValue] = [:]
        for (name, text) in items {
            let field = fields.first { $0.name == name }
            // Structured values are not parsed again and again.
            if values[name] != nil, field?.schema.isStructured ?? true {
                errors.add(ValidationError(location: [location, name], message: "is given twice", type: "duplicate"))
                continue
            }
            let parsed = field?.schema.value(ofText: text)
            if parsed == .none, field?.schema.isStructured == true, text.hasPrefix("{") || text.hasPrefix("[") {
                errors.add(
                    ValidationError(location: [location, name], message: "is not valid JSON", type: "malformed")
                )
                continue
            }
            let value = parsed ?? .string(text)
            if values[name] == nil {
                values[name] = value
            } else if case .array(let more) = value, case .array(let first) = values[name] {
                values[name] = .array(first + more)
            } else {
                errors.add(ValidationError(location: [location, name], message: "is given twice", type: "duplicate"))
            }
        }
        self.init(values)
        // Text has no null: a value is left out instead.
        let present = fields.map { field in
            var field = field
            field.schema.isNullable = false
            return field
        }
        Schema.validate(members, against: present, at: [location], into: &errors)
    }

    /// All values by name.
    package var all: [String: JSONValue] { members }

    /// Returns these values, and those of `other` with names that are missing here.
    package func filled(from other: Values) -> Values { Values(members.merging(other.members) { own, _ in own }) }

    /// Returns these values without one.
    package func without(_ name: String) -> Values { Values(members.filter { $0.key != name }) }

    /// Returns these values, with those that are as `shown` replaced by what they stand for.
    ///
    /// - Parameters:
    ///   - shown: Values as they were shown, without what may be secret.
    ///   - stored: The values that were shown.
    /// - Returns: Values in which each secret that was only shown is itself again.
    package func replacing(_ shown: Values, by stored: Values) -> Values {
        Values(
            Dictionary(
                uniqueKeysWithValues: members.map { name, value in
                    (name, value == shown.members[name] ? stored.members[name] ?? value : value)
                }
            )
        )
    }

    package func number(_ name: String) -> Double? {
        if case .number(let value) = members[name] { value } else { nil }
    }

    package func integer(_ name: String) -> Int? { number(name).map { Int($0) } }

    package func bool(_ name: String) -> Bool? {
        if case .bool(let value) = members[name] { value } else { nil }
    }

    package func string(_ name: String) -> String? {
        if case .string(let value) = members[name] { value } else { nil }
    }

    package func array(_ name: String) -> [JSONValue]? {
        if case .array(let values) = members[name] { values } else { nil }
    }

    /// The texts in a list.
    package func strings(_ name: String) -> [String]? {
        array(name)?.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    package func object(_ name: String) -> Values? {
        if case .object(let members) = members[name] { Values(members) } else { nil }
    }
}

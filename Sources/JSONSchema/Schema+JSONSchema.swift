extension Schema {
    /// The schema as JSON Schema 2020-12, the dialect of OpenAPI 3.1.
    package var jsonSchema: JSONValue {
        var members = kindMembers
        if isNullable, case .string(let type) = members["type"] { members["type"] = [.string(type), "null"] }
        if isNullable, case .array(let values) = members["enum"] { members["enum"] = .array(values + [.null]) }
        if isNullable, case .array(let values) = members["anyOf"] {
            members["anyOf"] = .array(values + [["type": "null"]])
        }
        if let title { members["title"] = .string(title) }
        if let summary { members["description"] = .string(summary) }
        if let defaultValue { members["default"] = defaultValue }
        if let example { members["examples"] = [example] }
        return .object(members)
    }

    private var kindMembers: [String: JSONValue] {
        switch kind {
        case .any: [:]
        case .boolean: ["type": "boolean"]
        case .integer(let range):
            ["type": "integer"].merging(
                bounds(
                    ("minimum", range.lowerBound == Int.min ? nil : Double(range.lowerBound)),
                    ("maximum", range.upperBound == Int.max ? nil : Double(range.upperBound))
                )
            ) { $1 }
        case .integerChoice(let values):
            ["type": "integer", "enum": .array(values.map { .number(Double($0)) })]
        case .number(let range):
            ["type": "number"].merging(
                bounds(
                    ("minimum", range.lowerBound.isFinite ? range.lowerBound : nil),
                    ("maximum", range.upperBound.isFinite ? range.upperBound : nil)
                )
            ) { $1 }
        case .string(.oneOf(let values)): ["type": "string", "enum": .array(values.map(JSONValue.string))]
        case .string(.base64): ["type": "string", "contentEncoding": "base64"]
        case .string(.text(let length, let pattern, _)):
            ["type": "string"]
                .merging(lengths("minLength", "maxLength", length)) { $1 }
                .merging(pattern.map { ["pattern": .string($0)] } ?? [:]) { $1 }
        case .array(let element, let count):
            ["type": "array", "items": element.jsonSchema].merging(lengths("minItems", "maxItems", count)) { $1 }
        case .object(let fields): Self.objectMembers(fields)
        case .dictionary(let value, let count):
            [
                "type": "object",
                "additionalProperties": value.jsonSchema,
                "propertyNames": ["minLength": 1, "maxLength": 64],
            ].merging(lengths("minProperties", "maxProperties", count)) { $1 }
        case .anyOf(let alternatives): ["anyOf": .array(alternatives.map(\.jsonSchema))]
        }
    }

    private static func objectMembers(_ fields: [Field]) -> [String: JSONValue] {
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        var members: [String: JSONValue] = [
            "type": "object",
            "additionalProperties": false,
            "properties": .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.schema.jsonSchema) })),
        ]
        if !required.isEmpty { members["required"] = .array(required) }
        return members
    }

    private func lengths(_ minimum: String, _ maximum: String, _ range: ClosedRange<Int>) -> [String: JSONValue] {
        bounds(
            (minimum, range.lowerBound == 0 ? nil : Double(range.lowerBound)),
            (maximum, range.upperBound == Int.max ? nil : Double(range.upperBound))
        )
    }

    private func bounds(_ pairs: (String, Double?)...) -> [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: pairs.compactMap { name, bound in bound.map { (name, .number($0)) } })
    }
}

internal import FoundationEssentials

/// A JSON object declared member by member: one declaration both writes values and publishes the schema.
package protocol JSONObject: JSONRepresentable {
    /// The members in the order in which they are written: alphabetically.
    static var members: [JSONMember<Self>] { get }
    /// A value for documentation.
    static var example: Self { get }
}

extension JSONObject {
    package static var schema: Schema { .object(members.map(\.field)).titled(title) }

    /// The type's name, with the names of those that it is nested in: `ModelsItem` for `ModelList.Item`.
    private static var title: String {
        // The module comes first, and "(unknown context at …)" before a private type.
        let names = String(reflecting: Self.self).split(separator: ".").dropFirst().filter { !$0.hasPrefix("(") }
        return names.map { $0.hasSuffix("Body") ? $0.dropLast("Body".count) : $0 }.joined()
    }

    package func write(to json: inout JSONWriter) throws {
        try json.object { json in
            for member in Self.members { try member.write(self, &json) }
        }
    }

    /// The example as a JSON value, for documents.
    package static var exampleValue: JSONValue {
        (try? example.json()).flatMap { try? JSONDecoder().decode(JSONValue.self, from: Data($0)) } ?? .null
    }
}

/// One member of a ``JSONObject``.
package struct JSONMember<Object: Sendable>: Sendable {
    let field: Field
    let write: @Sendable (Object, inout JSONWriter) throws -> Void

    /// Declares a member that every object has.
    ///
    /// - Parameters:
    ///   - name: Its name in JSON.
    ///   - summary: Description for documentation.
    ///   - schema: Schema if it is stricter than that of the value's type.
    ///   - value: Reads the member.
    package init<Value: JSONRepresentable>(
        _ name: String,
        _ summary: String,
        schema: Schema = Value.schema,
        _ value: @escaping @Sendable (Object) -> Value
    ) {
        self.init(name, schema: schema.described(summary), value)
    }

    /// Declares a member that every object has, without a description.
    package init<Value: JSONRepresentable>(
        _ name: String,
        schema: Schema = Value.schema,
        _ value: @escaping @Sendable (Object) -> Value
    ) {
        field = Field(name: name, schema: schema, isRequired: true)
        write = { object, json in
            json.key(name)
            try value(object).write(to: &json)
        }
    }

    /// Declares a member that is absent if its value is nil.
    package init<Value: JSONRepresentable>(
        optional name: String,
        _ summary: String,
        schema: Schema = Value.schema,
        _ value: @escaping @Sendable (Object) -> Value?
    ) {
        self.init(optional: name, schema: schema.described(summary), value)
    }

    /// Declares a member that is absent if its value is nil, without a description.
    package init<Value: JSONRepresentable>(
        optional name: String,
        schema: Schema = Value.schema,
        _ value: @escaping @Sendable (Object) -> Value?
    ) {
        field = Field(name: name, schema: schema)
        write = { object, json in
            guard let value = value(object) else { return }
            json.key(name)
            try value.write(to: &json)
        }
    }
}

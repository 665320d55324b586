internal import JSONSchema

/// The schemas of types, which a document has once, by name.
struct OpenAPIComponents {
    /// Schemas by the name of the type.
    var schemas: [String: JSONValue] = [:]

    /// Members that belong to a use of a type rather than to the type.
    private static let ofUse: Set<String> = ["description", "default", "examples"]
    /// Members whose values are not schemas.
    private static let values: Set<String> = ["default", "enum", "example", "examples"]

    /// Replaces the object schemas in a document that have a title by references.
    ///
    /// - Parameter document: A part of an OpenAPI document.
    /// - Returns: The same with references to ``schemas``.
    mutating func sharing(_ document: JSONValue) -> JSONValue {
        let shared = sharing(members: document)
        guard case .object(var members) = shared, case .string(let title) = members["title"],
            members["type"] == "object"
        else { return shared }
        members["title"] = nil
        let use = members.filter { Self.ofUse.contains($0.key) }
        let type = JSONValue.object(members.filter { !Self.ofUse.contains($0.key) })
        // Another type of the same name stays where it is.
        guard schemas[title] == nil || schemas[title] == type else { return .object(members) }
        schemas[title] = type
        return .object(use.merging(["$ref": .string("#/components/schemas/\(title)")]) { $1 })
    }

    /// Replaces the schemas below a value, but not the value itself.
    mutating func sharing(members document: JSONValue) -> JSONValue {
        switch document {
        case .object(let members):
            var shared: [String: JSONValue] = [:]
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                shared[name] = Self.values.contains(name) ? value : sharing(value)
            }
            return .object(shared)
        case .array(let elements): return .array(elements.map { sharing($0) })
        default: return document
        }
    }
}

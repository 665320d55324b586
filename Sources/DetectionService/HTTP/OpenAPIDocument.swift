internal import HTTPTypes
internal import JSONSchema

/// Writes the OpenAPI 3.1 document of a set of operations.
struct OpenAPIDocument {
    var title = "Osprey"
    var version: String
    var operations: [Operation]
    var requiresKey: Bool

    var json: JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for operation in operations {
            paths[operation.path, default: [:]][operation.method.rawValue.lowercased()] = entry(operation)
        }
        var components = OpenAPIComponents()
        let shared = components.sharing(.object(paths.mapValues(JSONValue.object)))
        components.schemas["Problem"] = components.sharing(members: ProblemBody.schema.jsonSchema)
        return [
            "openapi": "3.1.0",
            "info": [
                "title": .string(title),
                "version": .string(version),
                "summary": "Detects objects in pictures.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(
                Operation.Tag.allCases.filter { tag in operations.contains { $0.tag == tag } }.map {
                    ["name": .string($0.rawValue), "description": .string($0.summary)]
                }
            ),
            "paths": shared,
            "components": [
                "schemas": .object(components.schemas),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "key": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
                ],
            ],
        ]
    }

    private func entry(_ operation: Operation) -> JSONValue {
        var responses: [String: JSONValue] = [:]
        for answer in operation.answers { responses[String(answer.status.code)] = response(answer) }
        let problems = operation.allProblems
        let own = operation.dialect == nil ? problems : problems.intersection(Problem.Kind.ofEnvelope)
        for (status, kinds) in Dictionary(grouping: own, by: \.status.code) {
            responses[String(status)] = problem(kinds)
        }
        if let dialect = operation.dialect {
            for (status, kinds) in Dictionary(grouping: problems, by: { dialect.status(of: $0).code }) {
                responses[String(status)] = problem(kinds, of: dialect, beside: responses[String(status)])
            }
        }
        var members: [String: JSONValue] = [
            "operationId": .string(operation.id),
            "summary": .string(operation.summary),
            "tags": [.string(operation.tag.rawValue)],
            "parameters": .array(
                operation.pathFields.map { parameter($0, in: "path") }
                    + operation.queryFields.map { parameter($0, in: "query") }
            ),
            "responses": .object(responses),
        ]
        if !operation.details.isEmpty { members["description"] = .string(operation.details) }
        if !operation.body.isEmpty { members["requestBody"] = requestBody(operation) }
        if requiresKey, !operation.isOpen { members["security"] = [["bearer": []], ["key": []]] }
        return .object(members)
    }

    private func parameter(_ field: Field, in location: String) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(field.name),
            "in": .string(location),
            "required": .bool(field.isRequired),
        ]
        if field.schema.isStructured {
            members["content"] = ["application/json": ["schema": field.schema.jsonSchema]]
        } else {
            members["schema"] = field.schema.jsonSchema
        }
        if let summary = field.schema.summary { members["description"] = .string(summary) }
        if case .array = field.schema.kind, !field.schema.isStructured {
            members["style"] = "form"
            members["explode"] = false
        }
        return .object(members)
    }

    private func requestBody(_ operation: Operation) -> JSONValue {
        var content: [String: JSONValue] = [:]
        for form in operation.body {
            switch form {
            case .json(let fields, let choices, let example):
                var schema = Schema.object(fields).jsonSchema
                if !choices.isEmpty, case .object(var members) = schema {
                    members.merge(Self.exactlyOne(of: choices[...])) { $1 }
                    schema = .object(members)
                }
                // Other servers ignore what they do not know.
                if operation.dialect != nil, case .object(var members) = schema {
                    members["additionalProperties"] = true
                    schema = .object(members)
                }
                content["application/json"] = ["schema": schema, "example": example]
            case .picture:
                for type in ["application/octet-stream", "image/*"] { content[type] = ["schema": Self.bytes] }
            case .form(let fields):
                var properties = Dictionary(fields.map { ($0.name, $0.schema.jsonSchema) }) { first, _ in first }
                properties["image"] = Self.bytes
                content["multipart/form-data"] = [
                    "schema": ["type": "object", "properties": .object(properties), "required": ["image"]]
                ]
            case .multipart(let isSingle):
                content["multipart/form-data"] = ["schema": multipartSchema(isSingle: isSingle)]
            }
        }
        return ["required": true, "content": .object(content)]
    }

    /// The condition that an object has one of several members, in a form that generators of clients skip: with `oneOf`,
    /// they know nothing of the other members.
    private static func exactlyOne(of names: ArraySlice<String>) -> [String: JSONValue] {
        guard let first = names.first else { return [:] }
        let rest = names.dropFirst()
        guard !rest.isEmpty else { return ["required": [.string(first)]] }
        let others: [JSONValue] = rest.map { ["required": [.string($0)]] }
        return [
            "if": ["required": [.string(first)]],
            "then": ["not": ["anyOf": .array(others)]],
            "else": .object(exactlyOne(of: rest)),
        ]
    }

    private func multipartSchema(isSingle: Bool) -> JSONValue {
        let pictures = isSingle ? "A picture" : "Up to \(MultipartParser.Limits().parts) pictures"
        var members: [String: JSONValue] = [
            "type": "object",
            "description": .string("\(pictures), whatever the names of the parts."),
            "additionalProperties": Self.bytes,
            "minProperties": 1,
        ]
        if isSingle { members["maxProperties"] = 1 }
        return .object(members)
    }

    private func response(_ answer: Operation.Answer) -> JSONValue {
        var headers = Self.commonHeaders
        for (name, summary) in answer.headers { headers[name] = Self.header(summary) }
        var members: [String: JSONValue] = [
            "description": .string(answer.summary), "headers": .object(headers),
        ]
        if !answer.contents.isEmpty {
            let contents = answer.contents.map { content in
                var members: [String: JSONValue] = [:]
                if let schema = content.schema { members["schema"] = schema.jsonSchema }
                if let example = content.example { members["example"] = example }
                return (content.mediaType, JSONValue.object(members))
            }
            members["content"] = .object(Dictionary(contents) { first, _ in first })
        }
        return .object(members)
    }

    /// Describes a status by which a call reports problems.
    ///
    /// - Parameters:
    ///   - kinds: The problems.
    ///   - dialect: The dialect whose form the answer has; nil for the service's own.
    ///   - other: Description of the same status in the service's own form, which the dialect's calls have as well.
    /// - Returns: The response.
    private func problem(
        _ kinds: [Problem.Kind],
        of dialect: (any Dialect.Type)? = nil,
        beside other: JSONValue? = nil
    ) -> JSONValue {
        let kinds = kinds.sorted { $0.rawValue < $1.rawValue }
        var headers = Self.commonHeaders
        if kinds.contains(where: { $0 == .busy || $0 == .notReady }) {
            headers["Retry-After"] = Self.header("Seconds to wait before retrying.")
        }
        let names = kinds.map(\.rawValue).joined(separator: ", ")
        let own: JSONValue = ["schema": ["$ref": "#/components/schemas/Problem"]]
        var content: [String: JSONValue] = [:]
        if dialect == nil || other != nil { content["application/problem+json"] = own }
        if let dialect {
            let schema = dialect.problemSchema.titled("\(dialect)Problem")
            content["application/json"] = ["schema": schema.jsonSchema]
        }
        let phrase = dialect?.status(of: kinds[0]).reasonPhrase ?? kinds[0].status.reasonPhrase
        return [
            "description": .string("\(phrase): \(names)."),
            "headers": .object(headers),
            "content": .object(content),
        ]
    }

    /// Bytes, in the way of OpenAPI 3.1 and, for generators of clients, in that of 3.0.
    private static let bytes: JSONValue = [
        "type": "string", "contentMediaType": "application/octet-stream", "format": "binary",
    ]

    private static let commonHeaders: [String: JSONValue] = [
        "X-Request-ID": header("The request's id: the client's, or a generated one."),
        "Server-Timing": header("Durations of the request's stages, in milliseconds."),
    ]

    private static func header(_ summary: String) -> JSONValue {
        ["description": .string(summary), "schema": ["type": "string"]]
    }
}

internal import Basics
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import ObjectDetection
internal import Scheduling
internal import Storage
internal import YOLO

/// A set of zones with its name.
private struct ZoneSet: JSONObject {
    var name: String
    var values: Values

    static let members: [JSONMember<ZoneSet>] = [
        JSONMember(optional: "ignore", schema: DetectionFields.ignore.schema) { $0.values.all["ignore"] },
        JSONMember("name", schema: DetectionFields.documentName, \.name),
        JSONMember(optional: "zone_anchor", schema: DetectionFields.zoneAnchor.schema) { $0.values.all["zone_anchor"] },
        JSONMember("zones", schema: KeptZones.fields[0].schema) { $0.values.all["zones"] ?? .null },
    ]
    static let example = ZoneSet(name: "front", values: Values(["zones": KeptZones.exampleZones]))
}

extension DocumentName {
    fileprivate static let field = Field(
        name: "name",
        schema: DetectionFields.documentName.described("Name of the zones, such as a camera's."),
        isRequired: true
    )
}

extension Call {
    /// The name in the path.
    fileprivate var documentName: DocumentName {
        get throws {
            let text = path.string(DocumentName.field.name) ?? ""
            guard let name = DocumentName(text) else { throw Problem(.notFound, "There are no zones of that name.") }
            return name
        }
    }
}

/// `PUT /zones/{name}`: keeps zones.
struct PutZones: Endpoint {
    let zones: KeptZones
    let bodies: RequestBodies

    let operation = Operation(
        id: "put_zones",
        method: .put,
        path: "/zones/{name}",
        tag: .detection,
        summary: "Keeps zones under a name.",
        details: "Detections use them with `zones=NAME`. They stay until they are replaced or deleted.",
        pathFields: [DocumentName.field],
        body: [.json(KeptZones.fields, example: ["zones": KeptZones.exampleZones])],
        answers: [
            Operation.Answer(status: .created, summary: "The zones are new.", contents: [.json(ZoneSet.self)]),
            Operation.Answer(status: .ok, summary: "The zones were replaced.", contents: [.json(ZoneSet.self)]),
        ],
        problems: [.notFound, .storeFull, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let name = try call.documentName
        return try await bodies.withJSON(of: call) { values in
            // Names of classes play no role.
            _ = try DetectionSettings(values, for: ModelDescription(name: "", labels: LabelMap([])), at: "body")
            let bytes = try encodeJSON(JSONValue.object(values.all))
            guard bytes.count <= DocumentKind.maximumBytes else {
                throw Problem(.tooLarge, "The zones exceed the limit of \(DocumentKind.maximumBytes) bytes.")
            }
            let isNew = try await zones.workers.run { try zones.store.store(document: bytes, of: .zones, named: name) }
            return try .json(ZoneSet(name: name.description, values: values), status: isNew ? .created : .ok)
        }
    }
}

/// `GET /zones/{name}`: kept zones.
struct GetZones: Endpoint {
    let zones: KeptZones

    let operation = Operation(
        id: "get_zones",
        method: .get,
        path: "/zones/{name}",
        tag: .detection,
        summary: "Returns kept zones.",
        pathFields: [DocumentName.field],
        answers: [Operation.Answer(summary: "The zones.", contents: [.json(ZoneSet.self)])],
        problems: [.notFound, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let name = try call.documentName
        return try .json(ZoneSet(name: name.description, values: try await zones.zones(named: name)))
    }
}

/// `DELETE /zones/{name}`: forgets zones.
struct DeleteZones: Endpoint {
    let zones: KeptZones

    let operation = Operation(
        id: "delete_zones",
        method: .delete,
        path: "/zones/{name}",
        tag: .detection,
        summary: "Forgets kept zones.",
        pathFields: [DocumentName.field],
        answers: [Operation.Answer(status: .noContent, summary: "The zones are forgotten.")],
        problems: [.notFound, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let name = try call.documentName
        guard try await zones.workers.run({ try zones.store.deleteDocument(of: .zones, named: name) }) else {
            throw KeptZones.notFound(name)
        }
        return Response(status: .noContent)
    }
}

/// `GET /zones`: names of kept zones.
struct ListZones: Endpoint {
    let zones: KeptZones

    let operation = Operation(
        id: "list_zones",
        method: .get,
        path: "/zones",
        tag: .detection,
        summary: "Lists the names of kept zones.",
        answers: [Operation.Answer(summary: "The names, sorted.", contents: [.json(ZoneNames.self)])],
        problems: [.storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let names = try await zones.workers.run { try zones.store.documentNames(of: .zones) }
        return try .json(ZoneNames(names: names.map(\.description)))
    }
}

private struct ZoneNames: JSONObject {
    var names: [String]

    static let members: [JSONMember<ZoneNames>] = [
        JSONMember("names", schema: .array(of: DetectionFields.documentName), \.names)
    ]
    static let example = ZoneNames(names: ["front"])
}

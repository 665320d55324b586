internal import Basics
internal import DetectionPipeline
internal import JSONSchema
internal import Scheduling
internal import Storage

/// Zones that the service keeps by name, for example one set for each camera.
struct KeptZones: Sendable {
    /// The members of a set of zones: options of a detection.
    static let fields = [
        Field(
            name: DetectionFields.zones.name,
            schema: DetectionFields.zonesByName.described(DetectionFields.zones.schema.summary ?? "").example(
                exampleZones
            ),
            isRequired: true
        ), DetectionFields.zoneAnchor, DetectionFields.ignore,
    ]
    static let exampleZones: JSONValue = ["driveway": [[0.1, 0.5], [0.9, 0.5], [1, 1], [0, 1]]]

    let store: any ImageStore
    let workers: WorkerPool

    /// Replaces the name of kept zones among a detection's options by what is kept; the request's own options go first.
    ///
    /// - Throws: ``Problem`` if there are none of that name; `StorageError`.
    func resolve(_ values: Values) async throws -> Values {
        guard let text = values.string(DetectionFields.zones.name), let name = DocumentName(text) else { return values }
        return values.without(DetectionFields.zones.name).filled(from: try await zones(named: name))
    }

    /// - Throws: ``Problem`` if there are none of that name; `StorageError`.
    func zones(named name: DocumentName) async throws -> Values {
        guard let bytes = try await workers.run({ try store.document(of: .zones, named: name) }) else {
            throw Self.notFound(name)
        }
        var errors = ValidationErrors()
        let values = try? Values(parsingJSON: bytes, fields: Self.fields, location: "zones", into: &errors)
        guard let values, errors.list.isEmpty else {
            throw Problem(.internalError, "The kept zones \(name) are damaged; store them again.")
        }
        return values
    }

    static func notFound(_ name: DocumentName) -> Problem {
        Problem(.notFound, "There are no zones called \(name); GET /zones lists the kept ones.")
    }
}

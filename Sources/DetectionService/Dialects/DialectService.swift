internal import CoreMetrics
internal import DetectionPipeline
internal import Hummingbird
internal import JSONSchema
internal import ModelServing

/// What all dialects translate to.
struct DialectService: Sendable {
    let bodies: RequestBodies
    let detection: DetectionResponder
    let authentication: Authentication
    let readiness: Readiness
    /// Version of the service.
    let version: String

    var models: ModelRegistry { detection.models }
}

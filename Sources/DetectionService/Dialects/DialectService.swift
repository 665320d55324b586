internal import CoreMetrics
internal import DetectionPipeline
internal import Hummingbird
internal import JSONSchema
internal import ModelServing
internal import PictureFetching
internal import Synchronization
internal import YOLO

/// What all dialects translate to.
struct DialectService: Sendable {
    let bodies: RequestBodies
    let detection: DetectionResponder
    let authentication: Authentication
    let readiness: Readiness
    /// Fetches pictures; nil if that is not allowed.
    let fetcher: PictureFetcher?
    let refusals: RefusalLog
    /// Version of the service.
    let version: String

    var models: ModelRegistry { detection.models }

    /// Reads the options that a dialect does not have itself.
    ///
    /// - Throws: `ValidationErrors`; ``Problem`` for unknown zones; `StorageError`.
    func settings(_ values: Values, for model: ModelDescription, at location: String) async throws -> DetectionSettings
    {
        let given = Values(values.all.filter { value in Fields.beyondDialects.contains { $0.name == value.key } })
        return try DetectionSettings(try await detection.zones.resolve(given), for: model, at: location)
    }

    /// Fetches a picture, and passes its bytes to `use`; they count against the budget until it returns.
    ///
    /// - Throws: ``Problem`` if pictures are not fetched; `FetchError`; errors of `use`.
    func withPicture<Result: Sendable>(
        at url: String,
        for call: Call,
        _ use: ([UInt8]) async throws -> Result
    ) async throws -> Result {
        guard let fetcher else {
            throw Problem(
                .forbidden,
                "Pictures are not fetched from addresses, unless --fetch-hosts allows it; send bytes."
            )
        }
        let budget = bodies.budget
        let taken = Mutex(0)
        defer { budget.giveBack(taken.withLock(\.self)) }
        let bytes = try await fetcher.fetch(url, deadline: call.context.deadline) { count in
            try budget.take(count)
            taken.withLock { $0 += count }
        }
        call.context.stages.end(.receive)
        return try await use(bytes)
    }
}

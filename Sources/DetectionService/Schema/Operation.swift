internal import HTTPTypes
internal import Hummingbird

/// One call of the service: what it takes, what it answers, and the code that does it.
///
/// Routes, validation and the OpenAPI document all come from here.
struct Operation: Sendable {
    enum Tag: String, CaseIterable, Sendable {
        case pictures
        case detection
        case service

        var summary: String {
            switch self {
            case .pictures: "The dataset's pictures and your own."
            case .detection: "Objects in pictures."
            case .service: "The service itself."
            }
        }
    }

    /// One form in which a request's body may come.
    enum BodyForm: Sendable {
        /// A JSON object with these members.
        case json([Field], example: JSONValue)
        /// The bytes of a picture.
        case picture
        /// `multipart/form-data` with one picture in its parts, or with several.
        case multipart(isSingle: Bool)
    }

    /// One answer that is no problem.
    struct Answer: Sendable {
        var status: HTTPResponse.Status = .ok
        var summary: String
        var contents: [Content] = []
        var headers: [String: String] = [:]
    }

    /// One representation of an answer.
    struct Content: Sendable {
        var mediaType: String
        var schema: Schema?
        var example: JSONValue?

        static func json(_ schema: Schema, example: JSONValue? = nil) -> Content {
            Content(mediaType: "application/json", schema: schema, example: example)
        }

        static let pictures = ["image/jpeg", "image/png", "image/webp"].map { Content(mediaType: $0) }
    }

    typealias Handler = @Sendable (Call) async throws -> Response

    var id: String
    var method: HTTPRequest.Method
    var path: String
    var tag: Tag
    var summary: String
    var details: String = ""
    var pathFields: [Field] = []
    var queryFields: [Field] = []
    var body: [BodyForm] = []
    var answers: [Answer]
    var problems: Set<Problem.Kind> = []
    /// Whether the call needs no API key.
    var isOpen = false
    var handle: Handler
}

extension Operation {
    /// Every problem that the call can answer with: its own, and those of what it has.
    var allProblems: Set<Problem.Kind> {
        // Unknown query items and a senseless timeout are refused by every call, and each has a deadline.
        var kinds = problems.union([.invalid, .deadlineExceeded, .internalError])
        if !isOpen { kinds.insert(.unauthorized) }
        if !body.isEmpty { kinds.formUnion([.malformed, .slowRequest, .tooLarge, .unsupportedMediaType, .busy]) }
        return kinds
    }
}

internal import HTTPTypes
internal import JSONSchema

/// Declaration of one call of the service: what it accepts and returns.
///
/// Routes, validation and the OpenAPI document come from it.
struct Operation: Sendable {
    enum Tag: String, CaseIterable, Sendable {
        case pictures
        case detection
        case streams
        case service
        case deepstack
        case roboflow
        case openInference = "open inference"
        case ultralytics
        case huggingFace = "hugging face"

        var summary: String {
            switch self {
            case .pictures: "The dataset's pictures and your uploads."
            case .detection: "Objects in pictures."
            case .streams: "Cameras and streams that the service watches."
            case .service: "The service itself."
            case .deepstack: "The API of DeepStack and CodeProject.AI."
            case .roboflow: "The API of Roboflow's inference server."
            case .ultralytics: "The API of Ultralytics HUB, and of YOLOv5's Flask example."
            case .huggingFace: "Hugging Face's object detection task."
            case .openInference: "The Open Inference Protocol (KServe v2), with Triton's extensions."
            }
        }
    }

    /// One format of a request's body.
    enum BodyForm: Sendable {
        /// A JSON object with these members; of those named by `oneOf`, exactly one.
        case json([Field], oneOf: [String] = [], example: JSONValue)
        /// The bytes of a picture.
        case picture
        /// `multipart/form-data` with one picture, or with one or several.
        case multipart(isSingle: Bool)
        /// `multipart/form-data` with a picture in the part `image`, and these fields.
        case form([Field])
    }

    /// One successful response.
    struct Answer: Sendable {
        var status: HTTPResponse.Status = .ok
        var summary: String
        var contents: [Content] = []
        var headers: [String: String] = [:]
    }

    /// One representation of a response.
    struct Content: Sendable {
        var mediaType: String
        var schema: Schema?
        var example: JSONValue?

        static func json(_ schema: Schema, example: JSONValue? = nil) -> Content {
            Content(mediaType: "application/json", schema: schema, example: example)
        }

        static func json<Body: JSONObject>(_ type: Body.Type) -> Content {
            json(type.schema, example: type.exampleValue)
        }

        static let pictures = ["image/jpeg", "image/png", "image/webp"].map { Content(mediaType: $0) }
    }

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
    /// The dialect that the call belongs to; nil for the service's own.
    var dialect: (any Dialect.Type)?
}

extension Operation {
    /// All problems that the call can return: declared ones, and those that follow from its body and its key.
    var allProblems: Set<Problem.Kind> {
        // Every call rejects unknown hosts, query items and invalid timeouts, and has a deadline.
        var kinds = problems.union([.misdirected, .invalid, .deadlineExceeded, .internalError])
        if method != .get { kinds.insert(.forbidden) }
        if !isOpen { kinds.insert(.unauthorized) }
        if !body.isEmpty { kinds.formUnion([.malformed, .slowRequest, .tooLarge, .unsupportedMediaType, .busy]) }
        return kinds
    }
}

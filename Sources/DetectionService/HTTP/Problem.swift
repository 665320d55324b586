internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import NIOCore

/// An error response: RFC 9457, `application/problem+json`.
package struct Problem: Error, Sendable {
    /// The kinds of problem, each with a stable name; `Problem+Mapping.swift` maps them to statuses.
    package enum Kind: String, CaseIterable, Sendable {
        case malformed
        case unauthorized
        case forbidden
        case misdirected
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case notAcceptable = "not_acceptable"
        case slowRequest = "slow_request"
        case notProcessed = "not_processed"
        case tooLarge = "too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case invalid
        case internalError = "internal_error"
        case busy
        case notReady = "not_ready"
        case deadlineExceeded = "deadline_exceeded"
        case storeFull = "store_full"
        case storeUnavailable = "store_unavailable"

        /// Those that are found before a request reaches its call.
        static let ofEnvelope: Set<Kind> = [.misdirected, .forbidden, .invalid]
    }

    package var kind: Kind
    /// What went wrong and what the caller can do about it.
    package var detail: String
    var errors: [ValidationError] = []
    var headers: HTTPFields = [:]
    /// The dialect whose form the answer has; nil for the service's own.
    var dialect: (any Dialect.Type)?
    /// The error that it was made from, for the log.
    package var cause: (any Error)?

    /// - Parameters:
    ///   - kind: The kind of problem.
    ///   - detail: What went wrong and what the caller can do about it.
    package init(_ kind: Kind, _ detail: String) {
        self.init(kind, detail, errors: [])
    }

    init(_ kind: Kind, _ detail: String, errors: [ValidationError] = [], headers: HTTPFields = [:]) {
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
    }

    func response(requestID: String) -> Response {
        if let dialect { return dialect.answer(to: self) }
        let (head, body) = parts(requestID: requestID)
        return Response(status: head.status, headers: head.headerFields, body: ResponseBody(byteBuffer: body))
    }

    /// The response's head and body.
    func parts(requestID: String) -> (head: HTTPResponse, body: ByteBuffer) {
        let body = ProblemBody(self, requestID: requestID)
        // Writing without a limit cannot fail.
        let bytes = (try? body.json()) ?? []
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = String(bytes.count)
        return (HTTPResponse(status: kind.status, headerFields: headers), ByteBuffer(bytes: bytes))
    }
}

/// The JSON body of a problem.
struct ProblemBody: JSONObject {
    struct Item: JSONObject {
        var error: ValidationError

        static let members: [JSONMember<Item>] = [
            JSONMember("loc", "Path to the value.", \.error.location),
            JSONMember("msg", "What is wrong and what is allowed.", \.error.message),
            JSONMember("type", "The kind of violation.", \.error.type),
        ]
        static let example = Item(
            error: ValidationError(location: ["query", "iou"], message: "must be a number", type: "wrong_type")
        )
    }

    let problem: Problem
    let requestID: String

    init(_ problem: Problem, requestID: String) {
        self.problem = problem
        self.requestID = requestID
    }

    static let members: [JSONMember<ProblemBody>] = [
        JSONMember("detail", "What went wrong and what to do.", \.problem.detail),
        JSONMember(optional: "errors", "The invalid values.") { body in
            body.problem.errors.isEmpty ? nil : body.problem.errors.map(Item.init)
        },
        JSONMember("instance", "The request's id.", \.requestID),
        JSONMember("status", \.problem.kind.status.code),
        JSONMember("title", \.problem.kind.status.reasonPhrase),
        JSONMember("type", "Stable name of the kind of problem.") { "urn:osprey:problem:\($0.problem.kind.rawValue)" },
    ]
    static let example = ProblemBody(
        Problem(.notFound, "There is no picture 000000000145; GET /images lists your uploads."),
        requestID: "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10"
    )
}

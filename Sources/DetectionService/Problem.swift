internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// An answer that says why the request was not done: RFC 9457, `application/problem+json`.
struct Problem: Error, Sendable {
    /// The kinds of problem, each with its status and its stable name.
    enum Kind: String, CaseIterable, Sendable {
        case malformed
        case unauthorized
        case forbidden
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

        var status: HTTPResponse.Status {
            switch self {
            case .malformed: .badRequest
            case .unauthorized: .unauthorized
            case .forbidden: .forbidden
            case .notFound: .notFound
            case .methodNotAllowed: .methodNotAllowed
            case .notAcceptable: .notAcceptable
            case .slowRequest: .requestTimeout
            case .notProcessed: .conflict
            case .tooLarge: .contentTooLarge
            case .unsupportedMediaType: .unsupportedMediaType
            case .invalid: .unprocessableContent
            case .internalError: .internalServerError
            case .busy, .notReady, .storeUnavailable: .serviceUnavailable
            case .deadlineExceeded: .gatewayTimeout
            case .storeFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
            }
        }
    }

    var kind: Kind
    /// What went wrong and what the caller can do about it.
    var detail: String
    var errors: [ValidationError] = []
    var headers: HTTPFields = [:]

    init(_ kind: Kind, _ detail: String, errors: [ValidationError] = [], headers: HTTPFields = [:]) {
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
    }

    /// A problem with values of the request.
    init(errors: [ValidationError]) {
        let summary = errors.prefix(5).map { "\($0.location.joined(separator: ".")) \($0.message)" }
        self.init(.invalid, summary.joined(separator: "; ") + ".", errors: errors)
    }

    func response(requestID: String) -> Response {
        let (head, body) = parts(requestID: requestID)
        return Response(status: head.status, headers: head.headerFields, body: ResponseBody(byteBuffer: body))
    }

    /// The head and body of the answer.
    func parts(requestID: String) -> (head: HTTPResponse, body: ByteBuffer) {
        let body = Body(
            type: "urn:osprey:problem:\(kind.rawValue)",
            title: kind.status.reasonPhrase,
            status: kind.status.code,
            detail: detail,
            instance: requestID,
            errors: errors.isEmpty ? nil : errors.map(Body.Item.init)
        )
        let bytes = (try? encodeJSON(body)) ?? []
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = String(bytes.count)
        return (HTTPResponse(status: kind.status, headerFields: headers), ByteBuffer(bytes: bytes))
    }

    private struct Body: Encodable {
        struct Item: Encodable {
            enum CodingKeys: String, CodingKey {
                case location = "loc"
                case message = "msg"
                case type
            }

            var location: [String]
            var message: String
            var type: String

            init(_ error: ValidationError) {
                location = error.location
                message = error.message
                type = error.type
            }
        }

        var type: String
        var title: String
        var status: Int
        var detail: String
        var instance: String
        var errors: [Item]?
    }

    /// The body's schema, for the OpenAPI document.
    static let schema = Schema.object([
        Field(name: "type", schema: .anyString.described("Stable name of the kind of problem."), isRequired: true),
        Field(name: "title", schema: .anyString, isRequired: true),
        Field(name: "status", schema: .anyInteger, isRequired: true),
        Field(name: "detail", schema: .anyString.described("What went wrong and what to do."), isRequired: true),
        Field(name: "instance", schema: .anyString.described("The request's id."), isRequired: true),
        Field(
            name: "errors",
            schema: .array(
                of: .object([
                    Field(name: "loc", schema: .array(of: .anyString), isRequired: true),
                    Field(name: "msg", schema: .anyString, isRequired: true),
                    Field(name: "type", schema: .anyString, isRequired: true),
                ])
            )
        ),
    ])
}

internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema

/// Another server's API, translated to this service's: the same models, queue, limits and keys, with its own addresses,
/// names and errors.
protocol Dialect: Sendable {
    /// Name in settings and metrics.
    static var name: String { get }
    /// Start of addresses that are all the dialect's; nil if there is none.
    static var prefix: String? { get }
    /// Schema of the answers to problems.
    static var problemSchema: Schema { get }
    /// The calls.
    var endpoints: [any Endpoint] { get }

    /// Returns the status by which the other server reports a problem.
    static func status(of kind: Problem.Kind) -> HTTPResponse.Status
    /// Writes the answer by which the other server reports a problem.
    static func write(_ problem: Problem, to json: inout JSONWriter)
}

extension Dialect {
    /// Clients know 400 as their own fault, and 422 and 415 as nothing.
    static func status(of kind: Problem.Kind) -> HTTPResponse.Status {
        switch kind {
        case .malformed, .invalid, .unsupportedMediaType: .badRequest
        default: kind.status
        }
    }

    /// Returns the answer to a problem.
    static func answer(to problem: Problem) -> Response {
        var json = JSONWriter()
        write(problem, to: &json)
        var response = Response.json(json.bytes, status: status(of: problem.kind))
        for field in problem.headers { response.headers[field.name] = field.value }
        return response
    }
}

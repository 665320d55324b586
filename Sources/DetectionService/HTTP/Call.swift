internal import Basics
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import JSONSchema
internal import Scheduling

/// A request to an operation, with validated path and query.
struct Call: Sendable {
    let operation: Operation
    let request: Request
    let context: ServiceContext
    let path: Values
    let query: Values

    /// Validates a request's path and query.
    ///
    /// - Throws: `ValidationErrors` with each item that is unknown, missing or invalid.
    init(_ operation: Operation, request: Request, context: ServiceContext) throws(ValidationErrors) {
        var errors = ValidationErrors()
        // Invalid percent-encoding stays as it is; no valid value contains it.
        let captures = context.parameters.map { name, text in
            (String(name), String(text).percentDecoded ?? String(text))
        }
        let items = Self.items(ofQuery: request.uri.query ?? "")
        path = Values(parsing: captures, fields: operation.pathFields, location: "path", into: &errors)
        // Other servers ignore what they do not know.
        let known =
            operation.dialect == nil
            ? items
            : items.filter { item in
                operation.queryFields.contains { $0.name == item.name }
            }
        query = Values(parsing: known, fields: operation.queryFields, location: "query", into: &errors)
        try errors.check()
        self.operation = operation
        self.request = request
        self.context = context
    }

    /// Splits a query into its items; a plus sign is a space, as HTML forms and many clients write it.
    private static func items(ofQuery query: String) -> [(name: String, text: String)] {
        let spaced = query.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%20")
        return URI("?\(spaced)").queryParameters.map { (String($0), String($1)) }
    }

    var contentType: ContentType? { request.headers[.contentType].flatMap(ContentType.init) }
    var contentLength: Int? { request.headers[.contentLength].flatMap { Int($0) } }

    /// Waits for a slot of the queue and runs `body` in it.
    ///
    /// - Throws: `SchedulingError` if the queue is full; errors of `body`.
    func withSlot<Result: Sendable>(
        of queue: WorkQueue,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await queue.withSlot(deadline: context.deadline) {
            context.stages.end(.queue)
            return try await body()
        }
    }
}

extension Call {
    /// Parses a JSON body and validates it against the operation's declaration.
    ///
    /// - Throws: ``Problem`` if it is not JSON; `ValidationErrors` if it does not match.
    func json(_ body: [UInt8]) throws -> Values {
        guard case .json(let fields, let choices, _) = operation.body.first(where: \.isJSON) else { return Values([:]) }
        var errors = ValidationErrors()
        do {
            let values = try Values(
                parsingJSON: body,
                fields: fields,
                location: "body",
                ignoresUnknown: operation.dialect != nil,
                into: &errors
            )
            if !choices.isEmpty, choices.count(where: { values.all[$0] != nil }) != 1 {
                let message = "must be there, or else \(choices.dropFirst().joined(separator: ", ")), but not both"
                errors.add(ValidationError(location: ["body", choices[0]], message: message, type: "missing"))
            }
            try errors.check()
            return values
        } catch JSONTextError.costlyText {
            let limit = JSONTextError.maximumNameBytes
            throw Problem(
                .malformed,
                "The body has a name of more than \(limit) bytes, or a long text that is not ASCII."
            )
        } catch JSONTextError.tooManyValues {
            let limit = JSONTextError.maximumValues
            throw Problem(.tooLarge, "The body has more than the limit of \(limit) values; send fewer.")
        } catch JSONTextError.malformed {
            throw Problem(.malformed, "The body is not valid JSON, or is nested too deeply.")
        }
    }
}

extension Operation.BodyForm {
    fileprivate var isJSON: Bool {
        if case .json = self { true } else { false }
    }
}

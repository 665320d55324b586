internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore

/// A request to an operation, its path and query checked against the operation's declaration.
struct Call: Sendable {
    let operation: Operation
    let request: Request
    let context: ServiceContext
    let path: Values
    let query: Values

    /// Checks a request's path and query.
    ///
    /// - Throws: ``Problem`` that names each item that is unknown, missing or out of its range.
    init(_ operation: Operation, request: Request, context: ServiceContext) throws {
        var errors = ValidationErrors()
        // No percent-encoding is undone: nothing that a path may name needs it.
        let captures = context.parameters.map { Item(name: String($0), text: String($1)) }
        let items = Self.items(ofQuery: request.uri.query ?? "")
        path = Self.parse(captures, fields: operation.pathFields, location: "path", into: &errors)
        query = Self.parse(items, fields: operation.queryFields, location: "query", into: &errors)
        guard errors.list.isEmpty else { throw Problem(errors: errors.list) }
        self.operation = operation
        self.request = request
        self.context = context
    }

    private struct Item {
        var name: String
        var text: String
    }

    /// The items of a query, in which forms and many clients write a space as a plus sign.
    private static func items(ofQuery query: String) -> [Item] {
        let spaced = query.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%20")
        return URI("?\(spaced)").queryParameters.map { Item(name: String($0), text: String($1)) }
    }

    /// Turns the texts of a path or query into values of their fields' types.
    private static func parse(
        _ items: [Item],
        fields: [Field],
        location: String,
        into errors: inout ValidationErrors
    ) -> Values {
        var values: [String: JSONValue] = [:]
        for item in items {
            let name = item.name
            let field = fields.first { $0.name == name }
            let value = field?.schema.value(ofText: item.text) ?? .string(item.text)
            if values[name] == nil {
                values[name] = value
            } else if case .array(let more) = value, case .array(let first) = values[name] {
                values[name] = .array(first + more)
            } else {
                let error = ValidationError(location: [location, name], message: "is given twice", type: "duplicate")
                errors.add(error)
            }
        }
        Schema.validate(values, against: fields, at: [location], into: &errors)
        return Values(values)
    }
}

extension Call {
    /// Most values of a JSON body; the declared ones are far fewer, and a decoder needs many bytes for each.
    private static let maximumValues = 5000

    /// The members of the request's JSON body, checked against the operation's declaration.
    ///
    /// - Throws: ``Problem`` when the body is not JSON or does not fit.
    func json(_ body: [UInt8]) throws -> Values {
        guard case .json(let fields, _) = operation.body.first(where: \.isJSON) else { return Values([:]) }
        let beginnings = body.count { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
        guard beginnings <= Self.maximumValues else {
            throw Problem(.tooLarge, "The body has more than the \(Self.maximumValues) values that any call takes.")
        }
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: Data(body))
        } catch {
            throw Problem(.malformed, "The body is not valid JSON, or nested too deep.")
        }
        var errors = ValidationErrors()
        Schema.object(fields).validate(value, at: ["body"], into: &errors)
        guard errors.list.isEmpty, case .object(let members) = value else { throw Problem(errors: errors.list) }
        return Values(members)
    }
}

extension Operation.BodyForm {
    var isJSON: Bool {
        if case .json = self { true } else { false }
    }
}

/// Checked values by name; null counts as absent.
struct Values: Sendable {
    private let members: [String: JSONValue]

    init(_ members: [String: JSONValue]) {
        self.members = members.filter { $0.value != .null }
    }

    func number(_ name: String) -> Double? {
        if case .number(let value) = members[name] { value } else { nil }
    }

    func integer(_ name: String) -> Int? { number(name).map { Int($0) } }

    func bool(_ name: String) -> Bool? {
        if case .bool(let value) = members[name] { value } else { nil }
    }

    func string(_ name: String) -> String? {
        if case .string(let value) = members[name] { value } else { nil }
    }

    func array(_ name: String) -> [JSONValue]? {
        if case .array(let values) = members[name] { values } else { nil }
    }

    func object(_ name: String) -> Values? {
        if case .object(let members) = members[name] { Values(members) } else { nil }
    }
}

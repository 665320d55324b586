internal import HTTPTypes
internal import Hummingbird

/// Returns 405 with `Allow` if an address exists, but not for the request's method.
struct MethodMiddleware: RouterMiddleware {
    private let methodsByPath: [(path: [Substring], methods: [HTTPRequest.Method])]

    init(operations: [Operation]) {
        // A call at every address of some length does not mean that all these addresses exist.
        let operations = operations.filter { !$0.path.hasPrefix("/{") }
        methodsByPath = Dictionary(grouping: operations, by: \.path).map { path, operations in
            let methods = operations.map(\.method)
            return (path.split(separator: "/"), methods.contains(.get) ? methods + [.head] : methods)
        }
    }

    func handle(
        _ request: Request,
        context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            guard let methods = methods(at: request.uri.path) else { throw error }
            let allow = methods.map(\.rawValue).sorted().joined(separator: ", ")
            throw Problem(.methodNotAllowed, "This address accepts \(allow).", headers: [.allow: allow])
        }
    }

    private func methods(at path: String) -> [HTTPRequest.Method]? {
        let parts = path.split(separator: "/")
        return methodsByPath.first { entry in
            entry.path.count == parts.count && zip(entry.path, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }?.methods
    }
}

internal import Hummingbird

/// One call of the service: its declaration and the code that handles it.
protocol Endpoint: Sendable {
    var operation: Operation { get }

    /// - Throws: ``Problem``, or any error that `Problem.init(_:)` maps to one.
    func respond(to call: Call) async throws -> Response
}

internal import DetectionService
internal import Glibc
internal import ModelServing
internal import Storage
internal import Synchronization

/// Tells the user where the service listens, once it does so on all of its ports.
final class Greeting: Sendable {
    /// What a port is for.
    enum Port {
        case service
        case deepStack
        case grpc
    }

    private let host: String
    private let parts: Serve.Parts
    private let expected: Set<Port>
    private let output: LogOutput
    private let found = Mutex<[Port: Int]>([:])

    /// - Parameters:
    ///   - host: Address that the service listens on.
    ///   - parts: What it serves.
    ///   - expected: The ports that it listens on.
    ///   - output: Where the log is held back until then.
    init(host: String, parts: Serve.Parts, expected: Set<Port>, output: LogOutput) {
        self.host = host
        self.parts = parts
        self.expected = expected
        self.output = output
    }

    /// Adds the number of a port, and greets if it is the last one.
    func add(_ number: Int, for port: Port) {
        let ports = found.withLock { found in
            found[port] = number
            return found
        }
        guard Set(ports.keys) == expected else { return }
        output.release()
        // Printed for the user rather than logged, and flushed so that it also appears in a pipe.
        print(text(ports))
        fflush(nil)
    }

    private func text(_ ports: [Port: Int]) -> String {
        let isAnyAddress = host == "0.0.0.0" || host == "::"
        let name = isAnyAddress ? "localhost" : host.contains(":") ? "[\(host)]" : host
        let address = "http://\(name):\(ports[.service] ?? 0)"
        let pictures = parts.pictures.dataset.map { "\($0.ids.count) pictures of \($0.name)" } ?? "no dataset"
        let others = parts.models.models.count - 1
        let models = parts.models.defaultName + (others > 0 ? " and \(others) more" : "")
        var lines = [
            "Osprey \(Osprey.version) serves \(models) on \(pictures).",
            "  service   \(address)",
            "  API       \(address)/docs",
            "  metrics   \(address)/metrics",
        ]
        if let port = ports[.deepStack] { lines.append("  DeepStack http://\(name):\(port)") }
        if let port = ports[.grpc] { lines.append("  gRPC      \(name):\(port)") }
        return lines.joined(separator: "\n")
    }
}

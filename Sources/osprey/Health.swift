internal import ArgumentParser
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// `osprey health`: checks whether a running service is ready, for health checks that run a command.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks whether a running service is ready.",
        discussion: """
            Exits with 0 if /readyz returns 200, and with 1 otherwise or after the timeout. The default address is the \
            one on which `osprey serve` listens with the same environment.

            Examples:
              osprey health
              OSPREY_PORT=8080 osprey health
              osprey health --host osprey.example --port 80 --path /healthz
            """
    )

    @Option(help: "Address of the service. (default: 127.0.0.1)")
    var host: String?

    @Option(help: "Port of the service. (default: 1337)")
    var port: String?

    @Option(help: "Path to request: /readyz (ready for requests) or /healthz (process alive).")
    var path = "/readyz"

    @Option(help: ArgumentHelp("Seconds to wait for the response.", valueName: "seconds"))
    var timeout = 3.0

    func validate() throws {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValidationError("--path must begin with / and have no spaces.")
        }
        guard (0.1...600).contains(timeout) else { throw ValidationError("--timeout must be from 0.1 to 600 seconds.") }
    }

    func run() async throws {
        let given = [("host", host), ("port", port)].compactMap { name, value in value.map { (name, $0) } }
        let settings = try Settings(given: given, file: nil, known: [])
        let service = ServiceAddress(
            host: Self.reachable(settings.text("host", default: "127.0.0.1")),
            port: try settings.integer("port", in: 1...65_535, default: 1337)
        )
        let address = "http://\(service.authority)\(path)"
        do {
            let status = try await ask(service)
            guard status == .ok else {
                throw CommandError("\(address) returned \(status.code) \(status.reasonPhrase).")
            }
            print("\(address) returned 200 OK.")
        } catch let error as CommandError {
            throw error
        } catch is TimedOut {
            throw CommandError("\(address) did not respond within \(timeout) seconds.")
        } catch is NIOConnectionError {
            throw CommandError("Nothing listens at \(address). Start the service with `osprey serve`.")
        } catch {
            throw CommandError("\(address) did not return a valid HTTP response: \(error).")
        }
    }

    /// Replaces an address that means all interfaces, which cannot be connected to, with the loopback address.
    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    private struct TimedOut: Error {}

    private func ask(_ address: ServiceAddress) async throws -> HTTPResponseStatus {
        try await withThrowingTaskGroup(of: HTTPResponseStatus.self) { group in
            group.addTask {
                try await ServiceConnection.open(to: address, timeout: .milliseconds(Int64(timeout * 1000))) {
                    try await $0.send(.GET, path, isLast: true).status
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(timeout))
                throw TimedOut()
            }
            defer { group.cancelAll() }
            guard let status = try await group.next() else { throw TimedOut() }
            return status
        }
    }
}

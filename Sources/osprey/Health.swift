internal import ArgumentParser
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// `osprey health`: whether a running service takes requests, for those who ask with a command and not over HTTP.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks a running service whether it is ready.",
        discussion: """
            Ends with 0 where /readyz answers 200, and with 1 where it answers anything else or nothing in time. Asks \
            where `osprey serve` with the same environment would listen.

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

    @Option(help: "What to ask: /readyz (may requests be sent there?) or /healthz (does it live?).")
    var path = "/readyz"

    @Option(help: ArgumentHelp("Seconds to wait for the answer.", valueName: "seconds"))
    var timeout = 3.0

    func validate() throws {
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValidationError("The path begins with / and has no spaces.")
        }
        guard (0.1...600).contains(timeout) else { throw ValidationError("The timeout is 0.1 to 600 seconds.") }
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
            guard status == .ok else { throw CommandError("\(address) answers \(status.code) \(status.reasonPhrase).") }
            print("\(address) answers 200 OK.")
        } catch let error as CommandError {
            throw error
        } catch is TimedOut {
            throw CommandError("\(address) did not answer within \(timeout) seconds.")
        } catch is NIOConnectionError {
            throw CommandError("Nothing listens at \(address). Start the service with `osprey serve`.")
        } catch {
            throw CommandError("\(address) gives no answer of HTTP: \(error).")
        }
    }

    /// An address to connect to, for one to listen on.
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

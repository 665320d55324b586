internal import Logging
internal import Synchronization

/// Shows how downloads proceed: as a bar on a terminal, otherwise as lines, of the log if there is one.
final class DownloadProgress: Sendable {
    private struct State: ~Copyable {
        var name = ""
        var bar = ProgressBar("", total: nil)
        var next = ContinuousClock.now
    }

    private static let unitBytes = 1_000_000
    private static let interval = Duration.seconds(10)

    private let logger: Logger?
    private let state = Mutex(State())

    /// - Parameter logger: Receives lines if standard error is no terminal.
    init(logger: Logger? = nil) {
        self.logger = TerminalStyle.isTerminal ? nil : logger
    }

    /// Shows how many bytes of a file have arrived.
    func update(_ name: String, done: Int, total: Int) {
        let isLogged = state.withLock { state in
            if state.name != name {
                state.name = name
                state.bar = ProgressBar("Downloading \(name)", total: total / Self.unitBytes, unit: "MB")
                state.next = .now
            }
            guard logger != nil else {
                state.bar.update(done / Self.unitBytes)
                return false
            }
            guard state.next <= .now else { return false }
            state.next = .now + Self.interval
            return true
        }
        guard isLogged else { return }
        logger?.info("Downloading \(name)", metadata: ["bytes": "\(done)", "of": "\(total)"])
    }
}

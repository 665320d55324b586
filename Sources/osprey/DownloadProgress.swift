internal import Synchronization

/// Shows on standard error how downloads proceed.
final class DownloadProgress: Sendable {
    private struct State: ~Copyable {
        var name = ""
        var bar = ProgressBar("", total: nil)
    }

    private static let unitBytes = 1_000_000

    private let state = Mutex(State())

    /// Shows how many bytes of a file have arrived.
    func update(_ name: String, done: Int, total: Int) {
        state.withLock { state in
            if state.name != name {
                state.name = name
                state.bar = ProgressBar("Downloading \(name)", total: total / Self.unitBytes, unit: "MB")
            }
            state.bar.update(done / Self.unitBytes)
        }
    }
}

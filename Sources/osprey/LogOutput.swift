internal import Synchronization

/// Where the log is written: standard error, but not before the service is ready.
///
/// If it cannot start, the error alone says why. A start that takes long is logged as it proceeds.
final class LogOutput: Sendable {
    private struct State {
        var held: [UInt8]? = []
    }

    private let state = Mutex(State())

    /// Writes a line, now or later.
    func write(_ line: [UInt8]) {
        let isHeld = state.withLock { state in
            state.held?.append(contentsOf: line)
            return state.held != nil
        }
        if !isHeld { writeToStandardError(line) }
    }

    /// Writes what was held back, and each further line at once.
    func release() {
        state.withLock { state in
            if let held = state.held, !held.isEmpty { writeToStandardError(held) }
            state.held = nil
        }
    }
}

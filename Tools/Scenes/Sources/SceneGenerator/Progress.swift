internal import Glibc

/// Reports the progress of work that takes more than two seconds on standard error.
struct Progress {
    private let total: Int
    private let start = ContinuousClock.now
    private var lastTenth = 0

    init(total: Int) {
        self.total = total
    }

    /// Writes a line for each completed tenth.
    mutating func update(_ done: Int) {
        let tenth = 10 * done / total
        let elapsed = ContinuousClock.now - start
        guard tenth > lastTenth, elapsed > .seconds(2) else { return }
        lastTenth = tenth
        writeToStandardError("\(done) of \(total) pictures, \(elapsed.components.seconds) s\n")
    }
}

func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

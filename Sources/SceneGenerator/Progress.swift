internal import Glibc

/// Says on standard error how far something has come that takes more than two seconds.
struct Progress {
    private let total: Int
    private let start = ContinuousClock.now
    private var lastTenth = 0

    init(total: Int) {
        self.total = total
    }

    /// Writes a line for each tenth that is done.
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

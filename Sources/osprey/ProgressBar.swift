internal import Glibc

/// Shows progress on standard error: as a bar on a terminal, otherwise as a line every ten seconds.
struct ProgressBar: ~Copyable {
    private let title: String
    private let total: Int?
    private let unit: String?
    private let isTerminal = TerminalStyle.isTerminal
    private let start = ContinuousClock.now
    private var shown: ContinuousClock.Instant?

    /// - Parameters:
    ///   - title: Name of the activity.
    ///   - total: Number of steps; nil if it is not known.
    ///   - unit: Name of the steps, to show their number per second; nil does not show it.
    init(_ title: String, total: Int?, unit: String? = nil) {
        self.title = title
        self.total = total.map { max(1, $0) }
        self.unit = unit
    }

    /// Shows the number of finished steps, unless it was updated a moment ago.
    mutating func update(_ done: Int) {
        let now = ContinuousClock.now
        // A log gets few lines, and none from short runs.
        guard isTerminal || now - start > .seconds(2) else { return }
        if total.map({ done < $0 }) ?? true, let shown, now - shown < (isTerminal ? .milliseconds(100) : .seconds(10)) {
            return
        }
        shown = now
        write(done)
    }

    /// Erases the bar to make room for another line; the next update shows it again.
    mutating func clear() {
        guard isTerminal, shown != nil else { return }
        shown = nil
        writeToStandardError(Array(Self.lineStart.utf8))
    }

    private static let lineStart = "\r\u{1B}[2K"

    private func write(_ done: Int) {
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        guard let total else { return writeCount(done, elapsed) }
        let left = done == 0 ? "" : ", \(Self.clock(elapsed / Double(done) * Double(total - done))) left"
        let rate = unit.map { ", \(Self.rate(Double(done) / elapsed)) \($0)/s" } ?? ""
        let counts = "\(done)/\(total)\(rate)\(done < total ? left : ", \(Self.clock(elapsed))")"
        if isTerminal {
            let filled = 20 * done / total
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
            let line = "\(Self.lineStart)\(title) \(TerminalStyle.bar.styled(bar)) \(counts)\(done < total ? "" : "\n")"
            writeToStandardError(Array(line.utf8))
        } else {
            writeToStandardError(Array("\(title) \(counts)\n".utf8))
        }
    }

    private func writeCount(_ done: Int, _ elapsed: Double) {
        let rate = unit.map { " \($0), \(Self.rate(Double(done) / elapsed))/s" } ?? ""
        let line = "\(title) \(done)\(rate), \(Self.clock(elapsed))"
        writeToStandardError(Array((isTerminal ? "\(Self.lineStart)\(line)" : "\(line)\n").utf8))
    }

    private static func rate(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        return value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }

    private static func clock(_ seconds: Double) -> String {
        let seconds = Int(seconds.rounded())
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        func padded(_ number: Int) -> String { "\(number < 10 ? "0" : "")\(number)" }
        return hours > 0 ? "\(hours):\(padded(minutes)):\(padded(rest))" : "\(minutes):\(padded(rest))"
    }
}

internal import Glibc

/// Colours of text on a terminal; elsewhere, or if NO_COLOR is set, text is plain.
///
/// - SeeAlso: https://no-color.org
enum TerminalStyle: String {
    case error = "31"
    case bar = "36"

    /// Whether standard error is a terminal that can overwrite lines.
    static let isTerminal = isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb"
    private static let isColored = isTerminal && variable("NO_COLOR").isEmpty

    private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

    /// The text in this style.
    func styled(_ text: String) -> String {
        Self.isColored ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes the text in this style to standard error.
    func write(_ text: String) {
        writeToStandardError(Array(styled(text).utf8))
    }
}

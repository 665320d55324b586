internal import Glibc

/// How text for people looks on a terminal; elsewhere, and where NO_COLOR is set, it is plain.
/// - SeeAlso: https://no-color.org
enum TerminalStyle: String {
    case error = "31"
    case bar = "36"

    /// Whether standard error shows colours.
    static let isColored: Bool = {
        func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        return isatty(STDERR_FILENO) == 1 && value("NO_COLOR").isEmpty && value("TERM") != "dumb"
    }()

    /// The text in this style.
    func styled(_ text: String) -> String {
        Self.isColored ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes the text in this style to standard error.
    func write(_ text: String) {
        writeToStandardError(Array(styled(text).utf8))
    }
}

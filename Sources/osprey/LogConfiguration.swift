internal import Basics
internal import FoundationEssentials
internal import Logging

/// Format and level of the service's log.
struct LogConfiguration {
    enum Format: String {
        case text
        case json
    }

    var format: Format
    var level: Logger.Level

    init(_ settings: Settings) throws {
        format = try settings.choice("log-format", of: [("text", .text), ("json", .json)], default: .text)
        level = try settings.choice("log-level", of: Logger.Level.allCases.map { ($0.rawValue, $0) }, default: .info)
    }

    /// Makes the service's logger.
    ///
    /// - Parameter output: Receives the lines; released here if details were asked for.
    /// - Returns: The logger.
    func makeLogger(_ output: LogOutput) -> Logger {
        if level < .info { output.release() }
        let format = format
        var logger = Logger(label: "osprey") { label in
            LineLogHandler(label: label, format: format, output: output)
        }
        logger.logLevel = level
        return logger
    }
}

/// Writes each message as a line of text or JSON.
private struct LineLogHandler: LogHandler {
    private struct Line: Encodable {
        var time: String
        var level: String
        var message: String
        var metadata: [String: String]
    }

    let label: String
    let format: LogConfiguration.Format
    let output: LogOutput
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        let message = event.message.description
        let line =
            switch format {
            case .text: Self.text(event.level, message, merged, label: label)
            case .json: Self.json(event.level, message, merged)
            }
        output.write(line + [UInt8(ascii: "\n")])
    }

    private static func text(
        _ level: Logger.Level,
        _ message: String,
        _ metadata: Logger.Metadata,
        label: String
    ) -> [UInt8] {
        let time = Date().formatted(Date.ISO8601FormatStyle())
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        return Array("\(time) \(level) \(label): \(message)\(pairs)".printable().utf8)
    }

    private static func json(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> [UInt8] {
        let line = Line(
            time: Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
            level: level.rawValue,
            message: message,
            metadata: metadata.mapValues(\.description)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(line)).map { [UInt8]($0) } ?? []
    }
}

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

    func makeLogger() -> Logger {
        let format = format
        var logger = Logger(label: "osprey") { label in
            switch format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler()
            }
        }
        logger.logLevel = level
        return logger
    }
}

/// Writes each message as a line of JSON to standard error.
private struct JSONLogHandler: LogHandler {
    private struct Line: Encodable {
        var time: String
        var level: String
        var message: String
        var metadata: [String: String]
    }

    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        let line = Line(
            time: Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
            level: event.level.rawValue,
            message: event.message.description,
            metadata: merged.mapValues(\.description)
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var bytes = try? encoder.encode(line) else { return }
        bytes.append(UInt8(ascii: "\n"))
        writeToStandardError(Array(bytes))
    }
}

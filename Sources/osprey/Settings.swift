internal import Configuration
internal import FoundationEssentials

/// Settings by name from the command line, the environment and a file, in that order.
///
/// Values are read as text and validated here, so that errors name the setting whatever its source.
package struct Settings {
    private let reader: ConfigReader

    /// - Parameters:
    ///   - given: Settings from the command line.
    ///   - file: Path of a YAML file, or nil.
    ///   - known: Names of all settings, the only ones that the file may contain.
    /// - Throws: ``CommandError`` if the file cannot be read or is invalid.
    package init(given: [(name: String, value: String)], file: String?, known: [String]) throws {
        let options = given.map { (AbsoluteConfigKey([$0.name]), ConfigValue(.string($0.value), isSecret: false)) }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "command line", values: Dictionary(options) { $1 }),
            EnvironmentVariablesProvider().prefixKeys(with: "osprey"),
        ]
        if let file {
            providers.append(InMemoryProvider(name: file, values: try SettingsFile(path: file, known: known).values))
        }
        reader = ConfigReader(providers: providers)
    }

    package func text(_ name: String) -> String? {
        reader.string(forKey: ConfigKey([name])).flatMap { $0.isEmpty ? nil : $0 }
    }

    package func text(_ name: String, default value: String) -> String { text(name) ?? value }

    package func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        try parsed(name, as: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package func integer(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        try integer(name, in: range) ?? value
    }

    package func seconds(_ name: String, default value: Double) throws -> Duration {
        .seconds(
            try parsed(name, as: "a number of seconds from 0 to 86400") { text in
                Double(text).flatMap { (0...86_400).contains($0) ? $0 : nil }
            } ?? value
        )
    }

    package func choice<Value>(
        _ name: String,
        of values: [(name: String, value: Value)],
        default value: Value
    ) throws -> Value {
        let names = values.map(\.name).joined(separator: ", ")
        return try parsed(name, as: "one of \(names)") { text in values.first { $0.name == text }?.value } ?? value
    }

    /// A comma-separated list without its spaces, each item accepted by `isValid`; empty if the setting is missing.
    package func list(_ name: String, of expectation: String, _ isValid: (String) -> Bool) throws -> [String] {
        try parsed(name, as: "a comma-separated list of \(expectation)") { text in
            let items = text.split(separator: ",").map { item in item.filter { !$0.isWhitespace } }
            return items.allSatisfy(isValid) ? items : nil
        } ?? []
    }

    /// The path of a file with certificates.
    package func certificates(_ name: String) throws -> String? {
        try parsed(name, as: "the path of a file with certificates in PEM") { path in
            let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8)
            return text?.contains("-----BEGIN CERTIFICATE-----") ?? false ? path : nil
        }
    }

    private func parsed<Value>(_ name: String, as expectation: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = parse(text) else {
            throw CommandError.usage("The setting \(name) must be \(expectation), not '\(text)'.")
        }
        return value
    }
}

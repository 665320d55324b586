internal import Configuration
internal import FoundationEssentials
internal import Yams

/// Settings from a YAML file: a mapping of their names to values, or to lists of values.
///
/// What is misspelt or nested is refused: a setting that is ignored in silence may be the one that keeps others out.
struct SettingsFile {
    let values: [AbsoluteConfigKey: ConfigValue]

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - path: A file in YAML; an empty one sets nothing.
    ///   - known: The names that there are.
    /// - Throws: ``CommandError`` when it cannot be read or says something that is no setting.
    init(path: String, known: [String]) throws {
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(contentsOfFile: path, encoding: .utf8))
        } catch {
            throw CommandError.usage("\(path) cannot be read as YAML: \(error)")
        }
        guard let node else {
            values = [:]
            return
        }
        guard let mapping = node.mapping else {
            throw CommandError.usage("\(path) must be a mapping of settings to values, as in `port: 8080`.")
        }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, value) in mapping {
            guard let name = key.string, known.contains(name) else {
                throw CommandError.usage(
                    "\(path) sets '\(key.string ?? "?")', which is no setting; `osprey serve --help` lists them."
                )
            }
            let texts = value.sequence.map { $0.map(\.scalar?.string) } ?? [value.scalar?.string]
            let items = texts.compactMap(\.self)
            guard items.count == texts.count else {
                throw CommandError.usage("\(path) sets '\(name)' to something that is no value and no list of values.")
            }
            values[AbsoluteConfigKey([name])] = ConfigValue(.string(items.joined(separator: ",")), isSecret: false)
        }
        self.values = values
    }
}

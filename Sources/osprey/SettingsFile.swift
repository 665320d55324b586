internal import Basics
internal import Configuration
internal import Yams

/// Settings from a YAML file: a mapping of names to values or to lists of values.
///
/// Unknown names and nested values are errors: a misspelt setting that is silently ignored could be the one that
/// restricts access.
struct SettingsFile {
    let values: [AbsoluteConfigKey: ConfigValue]

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - path: Path of the YAML file; an empty file sets nothing.
    ///   - known: Names of all settings.
    /// - Throws: ``CommandError`` if the file cannot be read, or contains anything but settings.
    init(path: String, known: [String]) throws {
        let text: String
        do throws(PictureFile.Failure) {
            text = String(decoding: try PictureFile.read(path, maximumBytes: 1 << 20), as: UTF8.self)
        } catch {
            throw CommandError.usage("\(path) cannot be read: \(error.reason). Name a YAML file with --config.")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            let lines = "\(error)".split(separator: "\n").prefix(2).joined(separator: " ")
            throw CommandError.usage("\(path) is not valid YAML: \(lines)")
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
                let suggestion = key.string?.suggestion(from: known).map { " Did you mean \($0)?" } ?? ""
                throw CommandError.usage(
                    "\(path) sets '\(key.string ?? "?")', which is not a setting.\(suggestion) `osprey serve --help` lists "
                        + "all."
                )
            }
            let texts = value.sequence.map { $0.map(\.scalar?.string) } ?? [value.scalar?.string]
            let items = texts.compactMap(\.self)
            guard items.count == texts.count else {
                throw CommandError.usage("\(path) must set '\(name)' to a value or a list of values.")
            }
            values[AbsoluteConfigKey([name])] = ConfigValue(.string(items.joined(separator: ",")), isSecret: false)
        }
        self.values = values
    }
}

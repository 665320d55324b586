internal import ArgumentParser
internal import FoundationEssentials
internal import JSONSchema

/// The zones that `--zones` names: a file or a text of JSON.
///
/// Either only zones by name, or what the service keeps: `zones`, `zone_anchor` and `ignore`.
struct KeptZonesFile {
    /// JSON; nil if there are none.
    private(set) var zones: String?
    private(set) var anchor: String?
    private(set) var ignore: String?

    private static let maximumBytes = 1 << 20

    /// - Throws: `ValidationError` if the file cannot be read.
    init(_ argument: String?) throws {
        guard let argument else { return }
        var text = argument
        if !argument.contains("{") {
            do {
                text = String(
                    decoding: try PictureFile.read(argument, maximumBytes: Self.maximumBytes),
                    as: UTF8.self
                )
            } catch {
                throw ValidationError("--zones \(argument) cannot be read: \(error.reason).")
            }
        }
        zones = text
        guard case .object(let members) = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)),
            case .object = members["zones"]
        else { return }
        zones = try members["zones"].map(Self.text)
        anchor = try members["zone_anchor"].map(Self.text)
        ignore = try members["ignore"].map(Self.text)
    }

    /// A value as it is written on the command line.
    private static func text(_ value: JSONValue) throws -> String {
        if case .string(let text) = value { return text }
        return String(decoding: try encodeJSON(value), as: UTF8.self)
    }
}

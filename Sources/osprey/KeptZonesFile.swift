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

    /// - Throws: `ValidationError` if the file cannot be read, or has unknown members.
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
        guard case .object(let all) = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)),
            case .object = all["zones"]
        else { return }
        let members = all.filter { $0.value != .null }
        let known = ["ignore", "name", "zone_anchor", "zones"]
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw ValidationError("--zones has \(unknown), which is none of \(known.joined(separator: ", ")).")
        }
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

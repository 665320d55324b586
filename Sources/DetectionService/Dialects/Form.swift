internal import HTTPTypes

/// The parts of a `multipart/form-data` body, or nothing if the request has another body.
struct Form: Sendable {
    /// A part, with its contents.
    struct Part: Sendable {
        var name: String
        var isFile: Bool
        var bytes: [UInt8]
    }

    var parts: [Part] = []

    /// Returns the text of the first field of a name; nil if it is missing or empty.
    func text(_ name: String) -> String? {
        parts.first { $0.name == name && !$0.isFile }
            .flatMap { $0.bytes.isEmpty ? nil : String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// The part of a name, or else the first file, as some clients name it differently.
    func file(_ name: String) -> [UInt8]? {
        (parts.first { $0.name == name } ?? parts.first(where: \.isFile))?.bytes
    }
}

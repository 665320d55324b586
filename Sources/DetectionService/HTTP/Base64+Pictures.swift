internal import FoundationEssentials
internal import JSONSchema

extension Base64 {
    /// Decodes a picture, with or without line breaks and the prefix of a data URL.
    ///
    /// - Parameters:
    ///   - text: The base64 text.
    ///   - location: Path to the text, for the error.
    /// - Returns: The picture's bytes.
    /// - Throws: `ValidationErrors` if it is not base64, or empty.
    static func picture(_ text: String, at location: [String]) throws(ValidationErrors) -> [UInt8] {
        var text = text
        let data = text.withUTF8 { text in
            var digits = text[...]
            if text.starts(with: "data:".utf8) { digits = digits.drop { $0 != UInt8(ascii: ",") }.dropFirst() }
            // base64(1) and MIME break lines after 76 characters.
            let isBroken = digits.contains(UInt8(ascii: "\n")) || digits.contains(UInt8(ascii: "\r"))
            let joined =
                isBroken ? Data(digits.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }) : Data(digits)
            return Data(base64Encoded: joined)
        }
        guard let data, !data.isEmpty else {
            throw ValidationErrors(at: location, "must be a picture in base64", type: "not_base64")
        }
        return Array(data)
    }

    /// A GIF of one pixel.
    static let examplePicture = "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs="
}

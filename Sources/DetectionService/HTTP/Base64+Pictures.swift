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
        var digits = Array(text.utf8)[...]
        if text.hasPrefix("data:") { digits = digits.drop { $0 != UInt8(ascii: ",") }.dropFirst() }
        // base64(1) and MIME break lines after 76 characters.
        let joined = digits.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard let data = Data(base64Encoded: Data(joined)), !data.isEmpty else {
            let error = ValidationError(
                location: location,
                message: "must be a picture in base64",
                type: "not_base64"
            )
            throw ValidationErrors([error])
        }
        return Array(data)
    }

    /// A GIF of one pixel.
    static let examplePicture = "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs="
}

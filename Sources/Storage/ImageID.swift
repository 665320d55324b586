internal import Basics

/// The id of a picture, safe to use as a file name.
///
/// A ``DocumentName``: 1...64 characters of `A-Z a-z 0-9 . _ -`, not starting with a dot. COCO ids may be
/// shortened: 1...12 digits are zero-padded to twelve, so that `144` and `000000000144` are equal.
package struct ImageID: Hashable, Sendable {
    /// Maximum length of an id, in characters.
    package static let maximumLength = DocumentName.maximumLength

    /// The id as text, with COCO ids zero-padded.
    package let description: String

    /// Creates an id from text, or returns nil if the text is not a valid id.
    package init?(_ text: String) {
        guard DocumentName(text) != nil else { return nil }
        let bytes = text.utf8
        let isNumber = bytes.count < Self.numberLength && bytes.allSatisfy(Self.isDigit)
        description = isNumber ? String(repeating: "0", count: Self.numberLength - bytes.count) + text : text
    }

    /// Creates the id of an upload: `img_` and the first 32 hexadecimal digits of the SHA-256 of its bytes.
    package init(contentOf bytes: [UInt8]) {
        self.init(sha256: Digest.sha256(of: bytes))
    }

    /// Creates the id of an upload from the SHA-256 of its bytes, in lower-case hexadecimal digits.
    init(sha256: String) {
        description = Self.uploadPrefix + sha256.prefix(Self.uploadDigits)
    }

    /// Whether the id has the form of an upload's id; pictures of a dataset never have such ids.
    package var isUpload: Bool {
        let digits = description.utf8.dropFirst(Self.uploadPrefix.utf8.count)
        return description.hasPrefix(Self.uploadPrefix) && digits.count == Self.uploadDigits
            && digits.allSatisfy { Self.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    private static let numberLength = 12
    private static let uploadPrefix = "img_"
    private static let uploadDigits = 32

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension ImageID: LosslessStringConvertible {}

extension ImageID: Comparable {
    /// Orders ids by their characters; pages use this order.
    package static func < (left: ImageID, right: ImageID) -> Bool { left.description < right.description }
}

extension ImageID: Codable {
    /// Decodes an id from a string and validates it.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = ImageID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid picture id")
        }
        self = id
    }

    /// Encodes the id as a string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

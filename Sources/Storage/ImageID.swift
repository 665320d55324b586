/// The name of a picture, safe to use as a file name.
///
/// 1...64 characters of `A-Z a-z 0-9 . _ -`, the first of them no dot: there is no way to spell a path with it.
/// COCO's ids may be shortened: `144` and `000000000144` are equal, as 1...12 digits are filled up to twelve.
public struct ImageID: Hashable, Sendable {
    /// The longest id, in characters.
    public static let maximumLength = 64

    /// The id as text, in its full form.
    public let description: String

    /// Makes an id from text, or gives nil where the text is none.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard (1...Self.maximumLength).contains(bytes.count), bytes.first != UInt8(ascii: "."),
            bytes.allSatisfy(Self.isAllowed)
        else { return nil }
        let isNumber = bytes.count < Self.numberLength && bytes.allSatisfy(Self.isDigit)
        description = isNumber ? String(repeating: "0", count: Self.numberLength - bytes.count) + text : text
    }

    /// Makes the id of an upload from its bytes: `img_` and the first 32 hexadecimal digits of their SHA-256.
    public init(contentOf bytes: [UInt8]) {
        self.init(sha256: Digest.sha256(of: bytes))
    }

    /// Makes the id of an upload from the SHA-256 of its bytes, in lower case hexadecimal digits.
    init(sha256: String) {
        description = Self.uploadPrefix + sha256.prefix(Self.uploadDigits)
    }

    /// Whether this is the id of an upload by its form; no picture of a dataset has such an id.
    public var isUpload: Bool {
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

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            isDigit(byte)
        }
    }
}

extension ImageID: LosslessStringConvertible {}

extension ImageID: Comparable {
    /// Orders ids by their characters, which is the order of pages.
    public static func < (left: ImageID, right: ImageID) -> Bool { left.description < right.description }
}

extension ImageID: Codable {
    /// Reads an id from a string and checks it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = ImageID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not the id of a picture")
        }
        self = id
    }

    /// Writes the id as a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

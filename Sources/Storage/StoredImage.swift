public import FoundationEssentials

/// What is known of a stored picture without its bytes.
public struct ImageMetadata: Hashable, Codable, Sendable {
    /// The picture's name.
    public let id: ImageID
    /// The name of the format that the bytes are in, such as `jpeg`; it means nothing to the store.
    public let format: String
    /// Width in pixels, as shown.
    public let width: Int
    /// Height in pixels, as shown.
    public let height: Int
    /// Number of encoded bytes.
    public let byteCount: Int
    /// SHA-256 of the encoded bytes in 64 lower case hexadecimal digits.
    public let sha256: String
    /// When these bytes were made, in whole seconds as in HTTP's dates.
    public let created: Date

    private enum CodingKeys: String, CodingKey {
        case id
        case format
        case width
        case height
        case byteCount = "byte_count"
        case sha256
        case created
    }
}

/// A picture's encoded bytes and what is known of them.
public struct StoredImage: Hashable, Sendable {
    /// What is known of the bytes; size and SHA-256 are theirs.
    public let metadata: ImageMetadata
    /// The encoded picture.
    public let bytes: [UInt8]

    /// Describes the bytes of a picture; takes about a millisecond a megabyte for their SHA-256.
    ///
    /// - Parameters:
    ///   - id: The picture's name; nil names it by its content, as an upload is.
    ///   - bytes: The encoded picture.
    ///   - format: The name of the format the bytes are in, such as `jpeg`.
    ///   - width: Width in pixels, as shown.
    ///   - height: Height in pixels, as shown.
    ///   - created: When the bytes were made; the fraction of a second is dropped.
    public init(
        id: ImageID? = nil,
        bytes: [UInt8],
        format: String,
        width: Int,
        height: Int,
        created: Date = Date()
    ) {
        let sha256 = Digest.sha256(of: bytes)
        metadata = ImageMetadata(
            id: id ?? ImageID(sha256: sha256),
            format: format,
            width: width,
            height: height,
            byteCount: bytes.count,
            sha256: sha256,
            created: Date(timeIntervalSince1970: created.timeIntervalSince1970.rounded(.down))
        )
        self.bytes = bytes
    }

    /// Puts metadata and bytes together that are known to belong together.
    init(metadata: ImageMetadata, bytes: [UInt8]) {
        self.metadata = metadata
        self.bytes = bytes
    }
}

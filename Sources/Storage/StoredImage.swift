package import FoundationEssentials

/// Metadata of a stored picture.
package struct ImageMetadata: Hashable, Codable, Sendable {
    /// The picture's id.
    package let id: ImageID
    /// Name of the encoding, such as `jpeg`; the store does not interpret it.
    package let format: String
    /// Width in pixels, as displayed.
    package let width: Int
    /// Height in pixels, as displayed.
    package let height: Int
    /// Number of encoded bytes.
    package let byteCount: Int
    /// SHA-256 of the encoded bytes, as 64 lower-case hexadecimal digits.
    package let sha256: String
    /// Creation time of the bytes, in whole seconds as in HTTP dates.
    package let created: Date

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

/// A picture's encoded bytes and their metadata.
package struct StoredImage: Hashable, Sendable {
    /// Metadata of the bytes; its byte count and SHA-256 match them.
    package let metadata: ImageMetadata
    /// The encoded picture.
    package let bytes: [UInt8]

    /// Creates the metadata of a picture's bytes.
    ///
    /// Computing the SHA-256 takes about a millisecond per megabyte.
    ///
    /// - Parameters:
    ///   - id: The picture's id; nil derives it from the content, as for an upload.
    ///   - bytes: The encoded picture.
    ///   - format: Name of the encoding, such as `jpeg`.
    ///   - width: Width in pixels, as displayed.
    ///   - height: Height in pixels, as displayed.
    ///   - created: Creation time of the bytes; fractions of a second are dropped.
    package init(
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

    /// Combines bytes with metadata that is known to match them.
    init(metadata: ImageMetadata, bytes: [UInt8]) {
        self.metadata = metadata
        self.bytes = bytes
    }
}

internal import FoundationEssentials

/// Converts pictures to and from the fields of a Redis hash.
enum RedisPicture {
    /// Fields of the metadata, in the order that ``metadata(_:_:)`` expects.
    static let metadataFields: [RedisArgument] = ["format", "width", "height", "byte_count", "sha256", "created"]
    /// Fields of a complete picture: those of the metadata, then the bytes.
    static let fields: [RedisArgument] = metadataFields + ["bytes"]

    /// Returns all fields and values except the creation time.
    static func values(of image: StoredImage) -> [RedisArgument] {
        let metadata = image.metadata
        return [
            "format", .text(metadata.format), "width", .number(metadata.width), "height", .number(metadata.height),
            "byte_count", .number(metadata.byteCount), "sha256", .text(metadata.sha256), "bytes", .bytes(image.bytes),
        ]
    }

    /// Returns the picture's creation time, in seconds since 1970.
    static func created(_ metadata: ImageMetadata) -> RedisArgument {
        .number(Int(exactly: metadata.created.timeIntervalSince1970) ?? 0)
    }

    /// Decodes the values of ``metadataFields``, or returns nil if one is missing or invalid.
    ///
    /// Further values are ignored.
    static func metadata(_ id: ImageID, _ values: [RedisReply]) -> ImageMetadata? {
        guard values.count >= metadataFields.count, let format = values[0].text, let width = values[1].number,
            let height = values[2].number, let byteCount = values[3].number, let sha256 = values[4].text,
            let created = values[5].number, width >= 0, height >= 0, byteCount >= 0, sha256.utf8.count == 64
        else { return nil }
        return ImageMetadata(
            id: id,
            format: format,
            width: width,
            height: height,
            byteCount: byteCount,
            sha256: sha256,
            created: Date(timeIntervalSince1970: TimeInterval(created))
        )
    }

    /// Decodes the values of ``fields``, or returns nil if one is invalid or the bytes do not match their SHA-256.
    static func image(_ id: ImageID, _ values: [RedisReply]) -> StoredImage? {
        guard let metadata = metadata(id, values), case .bytes(let bytes)? = values.last,
            bytes.count == metadata.byteCount, Digest.sha256(of: bytes) == metadata.sha256
        else { return nil }
        return StoredImage(metadata: metadata, bytes: bytes)
    }
}

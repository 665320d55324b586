internal import FoundationEssentials

/// An image store in Redis, shared by any number of processes.
///
/// Pictures stored by one process are visible to all others. Every operation of several steps runs within Redis, as a
/// script, so that callers on several machines do not interfere with each other. Durability depends on Redis' settings:
/// pictures survive a power failure with `appendonly yes` and `appendfsync always`. Redis should not evict keys by
/// itself: set `maxmemory-policy noeviction`, and a `maxmemory` above the quota.
///
/// Every call blocks until Redis replies or a time limit is reached: make calls from worker threads, any number of them
/// at the same time. If Redis cannot be reached, calls fail with ``StorageError/Code/unavailable``.
package final class RedisImageStore: ImageStore {
    /// Maximum size of a picture, in bytes.
    package static let maximumPictureBytes = 256 * 1024 * 1024

    /// Allowed times to live of pictures, in seconds.
    package static let timesToLiveSeconds = 0...1_000_000_000

    /// Maximum number of uploads listed by one command.
    private static let pageLength = 500

    private let pool: RedisConnectionPool
    let prefix: String
    private let quotaBytes: Int
    private let timeToLiveMilliseconds: Int

    /// Opens the store; connects on the first call.
    ///
    /// - Parameters:
    ///   - address: Address of the Redis server.
    ///   - prefix: Prefix of all keys. Its braces keep the keys together if a proxy distributes keys over servers.
    ///   - quotaBytes: Maximum space for all pictures in bytes, counted as in ``FileImageStore``. When it is used up,
    ///     the least recently used processed versions are evicted.
    ///   - timeToLiveSeconds: How long an upload is kept after it was last uploaded, and a processed version after its
    ///     last use, in ``timesToLiveSeconds``; 0 keeps them indefinitely.
    ///   - connectionCount: Maximum number of connections; further callers wait.
    ///   - connectTimeout: Time limit for establishing a connection, including TLS, login and the first reply.
    ///   - commandTimeout: Time limit for getting a connection, and again for the command and its reply; every mebibyte
    ///     transferred restarts the latter.
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` if the trusted certificates cannot be read.
    package init(
        _ address: RedisAddress,
        prefix: String = "{osprey}:",
        quotaBytes: Int = 2 * 1024 * 1024 * 1024,
        timeToLiveSeconds: Int = 0,
        connectionCount: Int = 8,
        connectTimeout: Duration = .seconds(1),
        commandTimeout: Duration = .seconds(2)
    ) throws(StorageError) {
        precondition(connectionCount > 0, "connectionCount must be positive")
        precondition(Self.timesToLiveSeconds.contains(timeToLiveSeconds), "the time to live is out of range")
        pool = try RedisConnectionPool(
            address,
            connectionCount: connectionCount,
            timeouts: RedisConnection.Timeouts(connect: connectTimeout, command: commandTimeout)
        )
        self.prefix = prefix
        self.quotaBytes = quotaBytes
        timeToLiveMilliseconds = timeToLiveSeconds * 1000
    }

    /// Checks that Redis replies; cheap enough for every probe.
    ///
    /// - Throws: ``StorageError``.
    package func check() throws(StorageError) {
        guard try send(["PING"]) == .status("PONG") else { throw Self.strangeReply }
    }

    /// Stores a picture under the id of its content; returns false if it was already stored.
    @discardableResult
    package func store(upload image: StoredImage) throws(StorageError) -> Bool {
        precondition(
            image.metadata.id == ImageID(sha256: image.metadata.sha256),
            "an upload's id must derive from its content"
        )
        return try store(.upload, image)
    }

    /// Reads an upload, or returns nil if there is none.
    package func upload(_ id: ImageID) throws(StorageError) -> StoredImage? {
        let values = try values(of: id, RedisPicture.fields, replyLimit: Self.pictureReplyLimit)
        guard let values else { return nil }
        guard let image = RedisPicture.image(id, values) else { throw Self.damaged(id) }
        return image
    }

    /// Returns the metadata of an upload, or nil if there is none.
    package func uploadMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata? {
        guard let values = try values(of: id, RedisPicture.metadataFields) else { return nil }
        guard let metadata = RedisPicture.metadata(id, values) else { throw Self.damaged(id) }
        return metadata
    }

    /// Lists uploads after the cursor in ascending order of their ids.
    package func uploads(after cursor: ImageID?, limit: Int) throws(StorageError) -> [ImageMetadata] {
        var uploads: [ImageMetadata] = []
        var cursor = cursor.map { Array($0.description.utf8) }
        while uploads.count < limit {
            let count = min(limit - uploads.count, Self.pageLength)
            let reply = try run(
                .listUploads,
                [.bytes(cursor.map { Array("(".utf8) + $0 } ?? Array("-".utf8)), .number(count)]
                    + RedisPicture.metadataFields
            )
            guard case .array(let rows) = reply, rows.count <= count else { throw Self.strangeReply }
            for row in rows {
                guard case .array(let row) = row, case .bytes(let name)? = row.first,
                    case .array(let values)? = row.last, cursor.map({ $0.lexicographicallyPrecedes(name) }) ?? true
                else { throw Self.strangeReply }
                cursor = name
                // Expired uploads are listed without metadata until purged; each script purges a limited number. Names
                // that are not ids come from someone else.
                if let id = ImageID(String(decoding: name, as: UTF8.self)), Array(id.description.utf8) == name,
                    let metadata = RedisPicture.metadata(id, values)
                {
                    uploads.append(metadata)
                }
            }
            guard rows.count == count else { break }
        }
        return uploads
    }

    /// Deletes an upload and its processed version; returns false if there is no such upload.
    @discardableResult
    package func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool {
        // The script also deletes the processed version with this id, which a dataset's picture may have.
        guard id.isUpload else { return false }
        return try delete(.upload, id)
    }

    /// Stores the processed version of a picture, replacing an earlier one.
    package func store(processed image: StoredImage) throws(StorageError) {
        try store(.processed, image)
    }

    /// Reads the processed version of a picture, or returns nil if there is none.
    package func processed(_ id: ImageID) throws(StorageError) -> StoredImage? {
        let values = try useProcessed(id, RedisPicture.fields, replyLimit: Self.pictureReplyLimit)
        guard let values else { return nil }
        if let image = RedisPicture.image(id, values) { return image }
        // Delete the damaged version: unlike an upload, it can be made again.
        try delete(.processed, id)
        return nil
    }

    /// Returns the metadata of the processed version of a picture, or nil if there is none.
    package func processedMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata? {
        try useProcessed(id, RedisPicture.metadataFields).flatMap { RedisPicture.metadata(id, $0) }
    }
}

extension RedisImageStore {
    private enum Kind: String {
        case upload
        case processed
    }

    /// Maximum size in bytes of a reply without a picture's bytes; real ones are far smaller.
    static let replyLimit = 1 << 20
    private static let pictureReplyLimit = maximumPictureBytes + replyLimit

    static let strangeReply = StorageError(
        .failed,
        "Redis sent an unexpected reply: check that its address is correct and nothing else uses the store's keys"
    )

    private static func damaged(_ id: ImageID) -> StorageError {
        StorageError(.damaged, "the stored bytes of \(id) are damaged: upload the picture again")
    }

    /// Stores a picture; returns false if it was already stored.
    @discardableResult
    private func store(_ kind: Kind, _ image: StoredImage) throws(StorageError) -> Bool {
        let metadata = image.metadata
        let cost = StoreIndex.cost(of: metadata)
        guard cost <= quotaBytes, metadata.byteCount <= Self.maximumPictureBytes else {
            let limit = min(quotaBytes, Self.maximumPictureBytes)
            throw StorageError(
                .full,
                "the picture's \(metadata.byteCount) bytes exceed the image store's limit of \(limit)"
            )
        }
        let reply = try run(
            .store,
            [
                .text(kind.rawValue), .text(metadata.id.description), needsUpload(kind, metadata.id), .number(cost),
                .number(quotaBytes), .number(timeToLiveMilliseconds), RedisPicture.created(metadata),
            ] + RedisPicture.values(of: image)
        )
        guard case .array(let outcome) = reply else { throw Self.strangeReply }
        switch outcome.first?.text {
        case "new": return true
        case "kept": return false
        case "source":
            throw StorageError(.notFound, "the picture \(metadata.id) was deleted: upload it again")
        case "full":
            throw StorageError(
                .full,
                "uploads use \(outcome.last?.number ?? 0) of the image store's quota of \(quotaBytes) bytes: "
                    + "delete some"
            )
        default: throw Self.strangeReply
        }
    }

    @discardableResult
    private func delete(_ kind: Kind, _ id: ImageID) throws(StorageError) -> Bool {
        let reply = try run(.delete, [.text(kind.rawValue), .text(id.description)])
        guard case .integer(let count) = reply else { throw Self.strangeReply }
        return count > 0
    }

    /// Reads fields of an upload, or returns nil if there is none.
    private func values(
        of id: ImageID,
        _ fields: [RedisArgument],
        replyLimit: Int = replyLimit
    ) throws(StorageError) -> [RedisReply]? {
        let reply = try send(["HMGET", .text("\(prefix)upload:\(id)")] + fields, replyLimit: replyLimit)
        guard case .array(let values) = reply, values.count == fields.count else { throw Self.strangeReply }
        return values.allSatisfy { $0 == .null } ? nil : values
    }

    /// Reads fields of a processed version and records its use, or returns nil if there is none.
    private func useProcessed(
        _ id: ImageID,
        _ fields: [RedisArgument],
        replyLimit: Int = replyLimit
    ) throws(StorageError) -> [RedisReply]? {
        let reply = try run(
            .useProcessed,
            [.text(id.description), needsUpload(.processed, id), .number(timeToLiveMilliseconds)] + fields,
            replyLimit: replyLimit
        )
        switch reply {
        case .null: return nil
        case .array(let values) where values.count == fields.count: return values
        default: throw Self.strangeReply
        }
    }

    /// Returns "1" for the processed version of an upload, which needs that upload, and "0" for any other picture.
    private func needsUpload(_ kind: Kind, _ id: ImageID) -> RedisArgument {
        kind == .processed && id.isUpload ? "1" : "0"
    }

    func run(
        _ script: RedisScript,
        _ arguments: [RedisArgument],
        replyLimit: Int = replyLimit
    ) throws(StorageError) -> RedisReply {
        let arguments = ["1", .text(prefix)] + arguments
        do {
            return try send(["EVALSHA", .text(script.sha1)] + arguments, replyLimit: replyLimit)
        } catch let error where (error.cause as? RedisFailure)?.isUnknownScript == true {
            // Redis loses its cached scripts when it restarts.
            return try send(["EVAL", .text(script.source)] + arguments, replyLimit: replyLimit)
        }
    }

    func send(_ command: [RedisArgument], replyLimit: Int = replyLimit) throws(StorageError) -> RedisReply {
        let reply = try pool.send(command, replyLimit: replyLimit)
        if case .error(let text) = reply { throw StorageError(redisError: text) }
        return reply
    }
}

internal import FoundationEssentials

/// An image store in Redis, for any number of processes at once.
///
/// What one of them stored, all others see. Everything that has more than one step happens within Redis, in scripts, so
/// that callers on several machines do not get between each other. Redis keeps the pictures as well as it is told to:
/// whether they outlive a loss of power is up to its settings (`appendonly yes`, `appendfsync always`). It should not
/// evict keys by itself: `maxmemory-policy noeviction`, and a `maxmemory` above the quota.
///
/// Every call blocks until Redis has answered or its time is over: call it from worker threads, of which there may be
/// any number. Where Redis cannot be reached, calls fail with ``StorageError/Code/unavailable``.
public final class RedisImageStore: ImageStore {
    /// The largest picture that is stored, in bytes.
    public static let maximumPictureBytes = 256 * 1024 * 1024

    /// The times that pictures may live, in seconds.
    public static let timesToLiveSeconds = 0...1_000_000_000

    /// How many uploads are listed by one command.
    private static let pageLength = 500

    private let pool: RedisConnectionPool
    private let prefix: String
    private let quotaBytes: Int
    private let timeToLiveMilliseconds: Int

    /// Opens the store; connects with the first call.
    ///
    /// - Parameters:
    ///   - address: Where Redis is.
    ///   - prefix: What the keys begin with. The braces keep them together where a proxy spreads keys over servers.
    ///   - quotaBytes: The room that all pictures may take in bytes, counted as in ``FileImageStore``. Where it is used
    ///     up, the processed versions that were not used for the longest time go.
    ///   - timeToLiveSeconds: How long an upload stays after it came last, and a processed version after its last use,
    ///     in ``timesToLiveSeconds``; 0 is for ever.
    ///   - connectionCount: How many connections there are at most; other callers wait.
    ///   - connectTimeout: How long it may take until a connection can be used.
    ///   - commandTimeout: How long to wait for a connection, and then for an answer or the next mebibyte of it.
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` where the certificates to trust cannot be read.
    public init(
        _ address: RedisAddress,
        prefix: String = "{osprey}:",
        quotaBytes: Int = 2 * 1024 * 1024 * 1024,
        timeToLiveSeconds: Int = 0,
        connectionCount: Int = 8,
        connectTimeout: Duration = .seconds(1),
        commandTimeout: Duration = .seconds(2)
    ) throws(StorageError) {
        precondition(connectionCount > 0, "there is a connection")
        precondition(Self.timesToLiveSeconds.contains(timeToLiveSeconds), "the time to live is in its range")
        pool = try RedisConnectionPool(
            address,
            connectionCount: connectionCount,
            timeouts: RedisConnection.Timeouts(connect: connectTimeout, command: commandTimeout)
        )
        self.prefix = prefix
        self.quotaBytes = quotaBytes
        timeToLiveMilliseconds = timeToLiveSeconds * 1000
    }

    /// Checks that Redis answers; cheap enough for every probe.
    ///
    /// - Throws: ``StorageError``.
    public func check() throws(StorageError) {
        guard try send(["PING"]) == .status("PONG") else { throw Self.strangeReply }
    }

    /// Stores a picture under the id of its content; false where it was there already.
    @discardableResult
    public func store(upload image: StoredImage) throws(StorageError) -> Bool {
        precondition(image.metadata.id == ImageID(sha256: image.metadata.sha256), "an upload is named by its content")
        return try store(.upload, image)
    }

    /// Reads an upload, or gives nil where there is none.
    public func upload(_ id: ImageID) throws(StorageError) -> StoredImage? {
        let values = try values(of: id, RedisPicture.fields, replyLimit: Self.pictureReplyLimit)
        guard let values else { return nil }
        guard let image = RedisPicture.image(id, values) else { throw Self.damaged(id) }
        return image
    }

    /// What is known of an upload, or nil where there is none.
    public func uploadMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata? {
        guard let values = try values(of: id, RedisPicture.metadataFields) else { return nil }
        guard let metadata = RedisPicture.metadata(id, values) else { throw Self.damaged(id) }
        return metadata
    }

    /// Lists uploads in the order of their ids, behind the cursor.
    public func uploads(after cursor: ImageID?, limit: Int) throws(StorageError) -> [ImageMetadata] {
        var uploads: [ImageMetadata] = []
        var cursor = cursor
        while uploads.count < limit {
            let count = min(limit - uploads.count, Self.pageLength)
            let reply = try run(
                .listUploads,
                [.text(cursor.map { "(\($0)" } ?? "-"), .number(count)] + RedisPicture.metadataFields
            )
            guard case .array(let rows) = reply, rows.count <= count else { throw Self.strangeReply }
            for row in rows {
                guard case .array(let row) = row, let id = row.first?.text.flatMap(ImageID.init),
                    case .array(let values)? = row.last, cursor.map({ $0 < id }) ?? true
                else { throw Self.strangeReply }
                cursor = id
                // Its time may be over, and that of others before it, which the script has to forget first.
                if let metadata = RedisPicture.metadata(id, values) { uploads.append(metadata) }
            }
            guard rows.count == count else { break }
        }
        return uploads
    }

    /// Deletes an upload and its processed version; false where there is none.
    @discardableResult
    public func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool {
        // The processed version of a dataset's picture has such an id too.
        guard id.isUpload else { return false }
        return try delete(.upload, id)
    }

    /// Stores the processed version of a picture, in place of an earlier one.
    public func store(processed image: StoredImage) throws(StorageError) {
        try store(.processed, image)
    }

    /// Reads the processed version of a picture, or gives nil where there is none.
    public func processed(_ id: ImageID) throws(StorageError) -> StoredImage? {
        let values = try useProcessed(id, RedisPicture.fields, replyLimit: Self.pictureReplyLimit)
        guard let values else { return nil }
        if let image = RedisPicture.image(id, values) { return image }
        // It can be made again, unlike an upload.
        try delete(.processed, id)
        return nil
    }

    /// What is known of the processed version of a picture, or nil where there is none.
    public func processedMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata? {
        try useProcessed(id, RedisPicture.metadataFields).flatMap { RedisPicture.metadata(id, $0) }
    }
}

extension RedisImageStore {
    private enum Kind: String {
        case upload
        case processed
    }

    /// Answers without the bytes of a picture are far shorter.
    private static let replyLimit = 1 << 20
    private static let pictureReplyLimit = maximumPictureBytes + replyLimit

    private static let strangeReply = StorageError(.failed, "what answers in place of Redis is none, or not ours alone")

    private static func damaged(_ id: ImageID) -> StorageError {
        StorageError(.damaged, "the stored bytes of \(id) are damaged: upload the picture again")
    }

    /// Stores a picture; false where it was there already.
    @discardableResult
    private func store(_ kind: Kind, _ image: StoredImage) throws(StorageError) -> Bool {
        let metadata = image.metadata
        let cost = StoreIndex.cost(of: metadata)
        guard cost <= quotaBytes, metadata.byteCount <= Self.maximumPictureBytes else {
            let limit = min(quotaBytes, Self.maximumPictureBytes)
            throw StorageError(
                .full,
                "the picture's \(metadata.byteCount) bytes are more than the image store's limit of \(limit)"
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
                    + "delete some of them"
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

    /// Reads fields of an upload, or gives nil where there is none.
    private func values(
        of id: ImageID,
        _ fields: [RedisArgument],
        replyLimit: Int = replyLimit
    ) throws(StorageError) -> [RedisReply]? {
        let reply = try send(["HMGET", .text("\(prefix)upload:\(id)")] + fields, replyLimit: replyLimit)
        guard case .array(let values) = reply, values.count == fields.count else { throw Self.strangeReply }
        return values.allSatisfy { $0 == .null } ? nil : values
    }

    /// Reads fields of a processed version and notes its use, or gives nil where there is none.
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

    /// Whether a picture must not be there without an upload of its id; other processed versions are of the dataset.
    private func needsUpload(_ kind: Kind, _ id: ImageID) -> RedisArgument {
        kind == .processed && id.isUpload ? "1" : "0"
    }

    private func run(
        _ script: RedisScript,
        _ arguments: [RedisArgument],
        replyLimit: Int = replyLimit
    ) throws(StorageError) -> RedisReply {
        let arguments = ["1", .text(prefix)] + arguments
        do {
            return try send(["EVALSHA", .text(script.sha1)] + arguments, replyLimit: replyLimit)
        } catch let error where (error.cause as? RedisFailure)?.isUnknownScript == true {
            // Redis forgets scripts when it is restarted.
            return try send(["EVAL", .text(script.source)] + arguments, replyLimit: replyLimit)
        }
    }

    private func send(_ command: [RedisArgument], replyLimit: Int = replyLimit) throws(StorageError) -> RedisReply {
        let reply = try pool.send(command, replyLimit: replyLimit)
        if case .error(let text) = reply { throw StorageError(redisError: text) }
        return reply
    }
}

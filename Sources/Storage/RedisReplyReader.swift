internal import CHiredis

/// Parses one reply from the bytes received so far, using hiredis.
///
/// Create a reader for each reply: hiredis keeps memory for the largest reply that a reader has parsed.
struct RedisReplyReader: ~Copyable {
    /// Maximum length of an array, in elements.
    private static let maximumElements = 4096

    private let reader: UnsafeMutablePointer<redisReader>

    init() throws(RedisFailure) {
        guard let functions = Self.functions, let reader = redisReaderCreateWithFunctions(functions) else {
            throw .unreachable("out of memory for a reply")
        }
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Adds received bytes; returns the reply once it is complete.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisFailure) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderFeed(reader, bytes.baseAddress, bytes.count) == REDIS_OK,
            redisReaderGetReply(reader, &object) == REDIS_OK
        else {
            let reason = withUnsafeBytes(of: reader.pointee.errstr) { String(terminated: $0) }
            throw .invalidReply(reason)
        }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        guard reader.pointee.pos == reader.pointee.len else { throw .invalidReply("more than one reply") }
        guard let reply = RedisReply(object.assumingMemoryBound(to: redisReply.self).pointee) else {
            throw .invalidReply("unknown type")
        }
        return reply
    }

    private static let defaults: redisReplyObjectFunctions? = {
        guard let reader = redisReaderCreate() else { return nil }
        defer { redisReaderFree(reader) }
        return reader.pointee.fn.pointee
    }()

    /// The object functions of hiredis with a limit on the length of arrays.
    ///
    /// Without the limit, hiredis allocates as many elements as an array claims to have, up to 16 GB of pointers.
    /// `nonisolated(unsafe)` is safe here because the value never changes.
    private nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions>? = {
        guard var functions = defaults else { return nil }
        functions.createArray = { task, count in
            count <= RedisReplyReader.maximumElements ? RedisReplyReader.defaults?.createArray(task, count) : nil
        }
        let pointer = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        pointer.initialize(to: functions)
        return pointer
    }()
}

extension String {
    /// Copies a zero-terminated C string from an array.
    init(terminated bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

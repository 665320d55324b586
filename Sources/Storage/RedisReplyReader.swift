internal import CHiredis

/// Puts one answer together from the bytes that come, with hiredis.
///
/// A reader is made for each answer, as hiredis keeps the room for the largest one it has read.
struct RedisReplyReader: ~Copyable {
    /// The longest array that is read, in elements.
    private static let maximumElements = 4096

    private let reader: UnsafeMutablePointer<redisReader>

    init() throws(RedisFailure) {
        guard let functions = Self.functions, let reader = redisReaderCreateWithFunctions(functions) else {
            throw .unreachable("there is no memory for an answer")
        }
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Takes in what came; gives the answer once all of it is there.
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
        guard reader.pointee.pos == reader.pointee.len else { throw .invalidReply("more than one answer") }
        guard let reply = RedisReply(object.assumingMemoryBound(to: redisReply.self).pointee) else {
            throw .invalidReply("an answer of an unknown kind")
        }
        return reply
    }

    private static let defaults: redisReplyObjectFunctions? = {
        guard let reader = redisReaderCreate() else { return nil }
        defer { redisReaderFree(reader) }
        return reader.pointee.fn.pointee
    }()

    /// What hiredis makes its objects with, but for arrays: it makes room for as many elements as one claims to have, up
    /// to 16 GB of pointers.
    ///
    /// Unsafe for the compiler alone: it is never changed.
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
    /// Copies a text that ends with a zero, as C keeps it in an array.
    init(terminated bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

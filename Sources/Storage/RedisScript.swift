internal import Basics
internal import Crypto

/// A Lua script that Redis runs atomically.
///
/// `KEYS[1]` is the prefix of all keys:
///
///     {osprey}:upload:img_b2fe…           hash of a picture's bytes and metadata
///     {osprey}:processed:000000000144
///     {osprey}:uploads                    sorted set of ids with equal scores: the order of pages
///     {osprey}:recency                    sorted set of the processed versions' ids by last use
///     {osprey}:zones                      hash of documents by name, one for each kind of document
///     {osprey}:deleted:streams/front      mark of a document that was deleted; expires
///     {osprey}:lease:streams/front        holder of a lease; expires
///     {osprey}:expiry                     sorted set of "upload:ID" and "processed:ID" by expiry time in ms
///     {osprey}:costs                      hash of the space each of them takes, in bytes; "used" and "uploads" are
///                                         the totals of all and of uploads, "sequence" counts uses
///
/// Redis itself removes an expired picture; one of the next scripts removes the bookkeeping for it.
struct RedisScript: Sendable {
    let source: String
    /// SHA-1 of the source, by which Redis finds a cached script.
    let sha1: String

    private init(_ body: String) {
        source = Self.library + body
        sha1 = Insecure.SHA1.hash(data: Array(source.utf8)).hexadecimal
    }

    private static let library = """
        local prefix = KEYS[1]
        local uploads, recency = prefix .. 'uploads', prefix .. 'recency'
        local expiry, costs = prefix .. 'expiry', prefix .. 'costs'
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)

        -- A number of bytes; nil for other text, which only someone else can have written, and for what is missing.
        local function valid(text)
            return text and #text <= 15 and string.match(text, '^%d+$') and tonumber(text)
        end

        local function count(field)
            return valid(redis.call('HGET', costs, field)) or 0
        end

        -- Counts again if a total is not a number. The first write fails if Redis is out of memory: nothing has
        -- changed then.
        local function repair()
            local totals = {used = 0, uploads = 0, sequence = 0}
            local isDamaged = false
            for _, text in ipairs(redis.call('HMGET', costs, 'used', 'uploads', 'sequence')) do
                isDamaged = isDamaged or text and not valid(text)
            end
            if not isDamaged then return end
            local all = redis.call('HGETALL', costs)
            for i = 1, #all, 2 do
                local name, cost = all[i], valid(all[i + 1]) or 0
                if string.match(name, '^upload:') then
                    totals.uploads = totals.uploads + cost
                    totals.used = totals.used + cost
                elseif string.match(name, '^processed:') then
                    totals.used = totals.used + cost
                end
            end
            local latest = redis.call('ZREVRANGE', recency, 0, 0, 'WITHSCORES')[2]
            totals.sequence = valid(latest) or 0
            for name, total in pairs(totals) do redis.call('HSET', costs, name, total) end
        end

        local function exists(kind, id)
            return redis.call('EXISTS', prefix .. kind .. ':' .. id) == 1
        end

        local function drop(kind, id)
            local name = kind .. ':' .. id
            local cost = count(name) -- subtracted below: -cost may be Lua's -0, which Redis does not parse
            local dropped = redis.call('UNLINK', prefix .. name)
            redis.call('HDEL', costs, name)
            redis.call('ZREM', expiry, name)
            redis.call('HINCRBY', costs, 'used', 0 - cost)
            if kind == 'upload' then
                redis.call('HINCRBY', costs, 'uploads', 0 - cost)
                redis.call('ZREM', uploads, id)
                drop('processed', id)
            else
                redis.call('ZREM', recency, id)
            end
            return dropped
        end

        -- Bounded, because Redis serves no other client while a script runs.
        local function purge()
            for _, name in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 100)) do
                local kind, id = string.match(name, '^(%a+):(.+)$')
                if kind == 'upload' or kind == 'processed' then
                    drop(kind, id)
                else
                    redis.call('ZREM', expiry, name)
                end
            end
        end

        -- Starts with a write that Redis allows even when out of memory, after which it allows the others too.
        local function keep(kind, id, ttl)
            local name = kind .. ':' .. id
            if ttl > 0 then
                redis.call('PEXPIREAT', prefix .. name, now + ttl)
                redis.call('ZADD', expiry, now + ttl, name)
            else
                redis.call('PERSIST', prefix .. name)
                redis.call('ZREM', expiry, name)
            end
            if kind == 'processed' then
                redis.call('ZADD', recency, redis.call('HINCRBY', costs, 'sequence', 1), id)
            end
        end

        """

    /// Stores a picture.
    ///
    /// Arguments: kind, id, whether it needs an upload with that id, cost and quota in bytes, time to live in
    /// milliseconds, creation time, then fields and values. Returns `new`, `kept` for an upload that already exists,
    /// `source` if the required upload is missing, or `full` and the bytes that uploads take.
    static let store = RedisScript(
        """
        local kind, id, cost, quota, ttl = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
        local name = kind .. ':' .. id
        repair()
        -- When out of memory, Redis rejects a script's first write, but no later one: fail before any change.
        redis.call('HINCRBY', costs, 'used', 0)
        purge()
        if ARGV[3] == '1' and not exists('upload', id) then return {'source'} end
        local kept = kind == 'upload' and redis.call('TYPE', prefix .. name).ok == 'hash'
        if not kept then
            local others = count('uploads') - (kind == 'upload' and count(name) or 0)
            if others + cost > quota then return {'full', others} end
            drop(kind, id)
            while count('used') + cost > quota do
                local oldest = redis.call('ZRANGE', recency, 0, 0)[1]
                if not oldest then break end
                drop('processed', oldest)
            end
            redis.call('HSET', costs, name, cost)
            redis.call('HINCRBY', costs, 'used', cost)
            if kind == 'upload' then
                redis.call('HINCRBY', costs, 'uploads', cost)
                redis.call('ZADD', uploads, 0, id)
            end
        end
        -- An existing upload has the same bytes, given by its id: writing them again repairs damaged ones.
        redis.call('HSET', prefix .. name, unpack(ARGV, 8))
        redis.call('HSETNX', prefix .. name, 'created', ARGV[7])
        keep(kind, id, ttl)
        return {kept and 'kept' or 'new'}
        """
    )

    /// Reads a processed version and records its use.
    ///
    /// Arguments: id, whether it needs an upload with that id, time to live in milliseconds, then fields. Returns the
    /// values, or nil if there is no such version.
    static let useProcessed = RedisScript(
        """
        local id = ARGV[1]
        repair()
        purge()
        if ARGV[2] == '1' and not exists('upload', id) or not exists('processed', id) then return false end
        keep('processed', id, tonumber(ARGV[3]))
        return redis.call('HMGET', prefix .. 'processed:' .. id, unpack(ARGV, 4))
        """
    )

    /// Lists uploads.
    ///
    /// Arguments: lower bound of the ids, maximum number, then fields. Returns pairs of an id and the values.
    static let listUploads = RedisScript(
        """
        repair()
        purge()
        local rows = {}
        for i, id in ipairs(redis.call('ZRANGEBYLEX', uploads, ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
            local values = redis.pcall('HMGET', prefix .. 'upload:' .. id, unpack(ARGV, 3))
            rows[i] = {id, values.err and {} or values}
        end
        return rows
        """
    )

    /// Deletes a picture, and with an upload its processed version.
    ///
    /// Arguments: kind and id. Returns 1 if the picture existed, otherwise 0.
    static let delete = RedisScript(
        """
        repair()
        purge()
        return drop(ARGV[1], ARGV[2])
        """
    )

    /// Stores a document of kind `ARGV[1]` named `ARGV[2]`, with the contents `ARGV[4]`; returns 1 if it is new, 0 if it
    /// replaced one, -1 if there are `ARGV[3]` already.
    static let storeDocument = RedisScript(
        """
        local key = prefix .. ARGV[1]
        local isNew = redis.call('HEXISTS', key, ARGV[2]) == 0
        if isNew and redis.call('HLEN', key) >= tonumber(ARGV[3]) then return -1 end
        redis.call('HSET', key, ARGV[2], ARGV[4])
        redis.call('DEL', prefix .. 'deleted:' .. ARGV[1] .. '/' .. ARGV[2])
        return isNew and 1 or 0
        """
    )

    /// Deletes the document of kind `ARGV[1]` named `ARGV[2]`, and marks it as deleted for `ARGV[3]` milliseconds; returns 1
    /// if it existed, otherwise 0.
    static let deleteDocument = RedisScript(
        """
        local existed = redis.call('HDEL', prefix .. ARGV[1], ARGV[2])
        if existed == 1 then
            redis.call('SET', prefix .. 'deleted:' .. ARGV[1] .. '/' .. ARGV[2], 1, 'PX', ARGV[3])
        end
        return existed
        """
    )

    /// Gives the lease `ARGV[1]` to `ARGV[2]` for `ARGV[3]` milliseconds, unless another has it; returns who has it.
    static let lease = RedisScript(
        """
        local key = prefix .. 'lease:' .. ARGV[1]
        local holder = redis.call('GET', key)
        if holder and holder ~= ARGV[2] then return holder end
        redis.call('SET', key, ARGV[2], 'PX', ARGV[3])
        return ARGV[2]
        """
    )

    /// Ends the lease `ARGV[1]` if `ARGV[2]` has it.
    static let release = RedisScript(
        """
        local key = prefix .. 'lease:' .. ARGV[1]
        return redis.call('GET', key) == ARGV[2] and redis.call('DEL', key) or 0
        """
    )
}

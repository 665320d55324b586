internal import CHiredis

/// A reply from Redis to a command.
enum RedisReply: Equatable {
    case null
    case integer(Int)
    case bytes([UInt8])
    case status(String)
    case error(String)
    case array([RedisReply])

    /// Copies a reply that hiredis has parsed, or returns nil if no command of ours returns its type.
    init?(_ reply: redisReply) {
        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)) }
        switch reply.type {
        case REDIS_REPLY_NIL: self = .null
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.integer))
        case REDIS_REPLY_STRING: self = .bytes(Array(bytes))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            for element in UnsafeBufferPointer(start: reply.element, count: Int(reply.elements)) {
                guard let element, let element = RedisReply(element.pointee) else { return nil }
                elements.append(element)
            }
            self = .array(elements)
        default: return nil
        }
    }

    /// The text of a string or status; nil for other types and invalid UTF-8.
    var text: String? {
        switch self {
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// The value of an integer, or of a text that spells an integer.
    var number: Int? {
        if case .integer(let number) = self { return number }
        return text.flatMap { Int($0) }
    }
}

/// A part of a command; may contain any bytes.
enum RedisArgument: ExpressibleByStringLiteral {
    case text(String)
    case bytes([UInt8])

    init(stringLiteral value: String) { self = .text(value) }

    static func number(_ number: Int) -> RedisArgument { .text(String(number)) }
}

extension [RedisArgument] {
    /// The command encoded in Redis' protocol.
    var encoded: [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(reduce(0) { $0 + $1.count + 32 })
        encoded += "*\(count)\r\n".utf8
        for argument in self {
            encoded += "$\(argument.count)\r\n".utf8
            switch argument {
            case .text(let text): encoded += text.utf8
            case .bytes(let bytes): encoded += bytes
            }
            encoded += "\r\n".utf8
        }
        return encoded
    }
}

extension RedisArgument {
    fileprivate var count: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }
}

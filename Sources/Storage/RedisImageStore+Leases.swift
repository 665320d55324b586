extension RedisImageStore {
    package func lease(_ name: String, for holder: String, milliseconds: Int) throws(StorageError) -> String {
        switch try run(.lease, [.text(name), .text(holder), .number(milliseconds)]) {
        case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
        default: throw Self.strangeReply
        }
    }

    package func release(_ name: String, for holder: String) throws(StorageError) {
        _ = try run(.release, [.text(name), .text(holder)])
    }
}

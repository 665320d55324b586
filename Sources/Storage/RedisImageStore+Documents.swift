package import Basics

extension RedisImageStore {
    @discardableResult
    package func store(
        document bytes: [UInt8],
        of kind: DocumentKind,
        named name: DocumentName
    ) throws(StorageError) -> Bool {
        precondition(bytes.count <= DocumentKind.maximumBytes, "the document is too large")
        let arguments: [RedisArgument] = [
            .text(kind.rawValue), .text(name.description), .number(DocumentKind.maximumCount), .bytes(bytes),
        ]
        switch try run(.storeDocument, arguments) {
        case .integer(1): return true
        case .integer(0): return false
        case .integer: throw .tooManyDocuments(kind)
        default: throw Self.strangeReply
        }
    }

    package func document(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> [UInt8]? {
        switch try send(["HGET", key(of: kind), .text(name.description)]) {
        case .bytes(let bytes): return bytes
        case .null: return nil
        default: throw Self.strangeReply
        }
    }

    package func documentNames(of kind: DocumentKind) throws(StorageError) -> [DocumentName] {
        guard case .array(let names) = try send(["HKEYS", key(of: kind)]) else { throw Self.strangeReply }
        return names.compactMap { $0.text.flatMap(DocumentName.init) }.sorted()
    }

    @discardableResult
    package func deleteDocument(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool {
        let arguments: [RedisArgument] = [
            .text(kind.rawValue), .text(name.description), .number(Self.markMilliseconds),
        ]
        guard case .integer(let count) = try run(.deleteDocument, arguments) else { throw Self.strangeReply }
        return count > 0
    }

    package func wasDeleted(_ kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool {
        let mark: RedisArgument = .text("\(prefix)deleted:\(kind.rawValue)/\(name)")
        guard case .integer(let count) = try send(["EXISTS", mark]) else { throw Self.strangeReply }
        return count > 0
    }

    /// Time for which a deletion is remembered: a day.
    private static var markMilliseconds: Int { 86_400_000 }

    private func key(of kind: DocumentKind) -> RedisArgument { .text("\(prefix)\(kind.rawValue)") }
}

package import Basics
import Glibc
import Synchronization

extension FileImageStore {
    @discardableResult
    package func store(
        document bytes: [UInt8],
        of kind: DocumentKind,
        named name: DocumentName
    ) throws(StorageError) -> Bool {
        precondition(bytes.count <= DocumentKind.maximumBytes, "the document is too large")
        let file = try TemporaryFile(temporaryPath(), bytes, isDurable: true)
        let isNew = try documents.withLock { _ throws(StorageError) in
            let isNew = FileSystem.status(of: layout.document(kind, name)) == nil
            if isNew, try documentNames(of: kind).count >= DocumentKind.maximumCount { throw .tooManyDocuments(kind) }
            try file.move(to: layout.document(kind, name))
            return isNew
        }
        try FileSystem.synchronize(directory: layout.directory(of: kind))
        return isNew
    }

    package func document(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            return try OpenFile(layout.document(kind, name), O_RDONLY).read(limit: DocumentKind.maximumBytes)
        } catch let error where (error.cause as? SystemError)?.number == ENOENT {
            return nil
        }
    }

    package func documentNames(of kind: DocumentKind) throws(StorageError) -> [DocumentName] {
        try FileSystem.entries(of: layout.directory(of: kind)).filter { $0.kind == .file }
            .compactMap { DocumentName($0.name) }.sorted()
    }

    @discardableResult
    package func deleteDocument(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool {
        let isDeleted = try documents.withLock { _ throws(StorageError) in
            guard FileSystem.status(of: layout.document(kind, name)) != nil else { return false }
            try FileSystem.remove(layout.document(kind, name))
            return true
        }
        if isDeleted { try FileSystem.synchronize(directory: layout.directory(of: kind)) }
        return isDeleted
    }
}

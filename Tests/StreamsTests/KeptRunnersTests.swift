import Basics
import Dispatch
import Glibc
import JSONSchema
import Logging
import Scheduling
import Storage
import Streams
import Synchronization
import TestSupport
import Testing

/// What runners have done, in order.
private final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func note(_ line: String) { lines.withLock { $0.append(line) } }

    /// Waits until there are so many lines.
    func wait(for count: Int) async throws {
        // Other suites keep all threads busy for a while.
        let deadline = ContinuousClock.now + .seconds(120)
        while all.count < count, .now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    }
}

private struct Worker: KeptRunner {
    struct Configuration: KeptConfiguration {
        static let fields = [Field(name: "number", schema: .integer(0...9), isRequired: true)]
        let values: Values

        init(_ values: Values) { self.values = values }
    }

    let name: String
    let configuration: Configuration
    let journal: Journal

    private var text: String { "\(name)\(configuration.values.integer("number") ?? -1)" }

    func run() async {
        journal.note("\(text) begins")
        try? await Task.sleep(for: .seconds(600))
        // Ends take a moment.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) { continuation.resume() }
        }
        journal.note("\(text) ends")
    }

    func forget() async { journal.note("\(text) is forgotten") }

    func isContinued(by configuration: Configuration) -> Bool { configuration.values.integer("number") != 9 }
}

/// A store in which a deletion takes longer than the time after which documents are read again.
private struct SlowDeletions: ImageStore {
    let store: any ImageStore

    func check() throws(StorageError) { try store.check() }
    func store(upload image: StoredImage) throws(StorageError) -> Bool { try store.store(upload: image) }
    func upload(_ id: ImageID) throws(StorageError) -> StoredImage? { try store.upload(id) }
    func uploadMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata? { try store.uploadMetadata(id) }
    func uploads(after cursor: ImageID?, limit: Int) throws(StorageError) -> [ImageMetadata] {
        try store.uploads(after: cursor, limit: limit)
    }
    func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool { try store.deleteUpload(id) }
    func store(processed image: StoredImage) throws(StorageError) { try store.store(processed: image) }
    func processed(_ id: ImageID) throws(StorageError) -> StoredImage? { try store.processed(id) }
    func processedMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata? { try store.processedMetadata(id) }
    func store(document bytes: [UInt8], of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool {
        try store.store(document: bytes, of: kind, named: name)
    }
    func document(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> [UInt8]? {
        try store.document(of: kind, named: name)
    }
    func documentNames(of kind: DocumentKind) throws(StorageError) -> [DocumentName] {
        try store.documentNames(of: kind)
    }
    func deleteDocument(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool {
        let existed = try store.deleteDocument(of: kind, named: name)
        // A worker thread.
        sleep(4)
        return existed
    }
}

@Suite struct KeptRunnersTests {
    private func configuration(_ number: Double) -> Worker.Configuration {
        Worker.Configuration(Values(["number": .number(number)]))
    }

    /// Runs the body while what is kept runs.
    private func withRunners(
        _ store: any ImageStore,
        maximumCount: Int = 10,
        _ body: (KeptRunners<Worker>, Journal) async throws -> Void
    ) async throws {
        let journal = Journal()
        let runners = KeptRunners(
            kind: .streams,
            store: store,
            workers: WorkerPool(threadCount: 2),
            maximumCount: maximumCount,
            isExclusive: false,
            logger: Logger(label: "test")
        ) { name, configuration, _ in Worker(name: name, configuration: configuration, journal: journal) }
        try await withThrowingTaskGroup { group in
            group.addTask { await runners.run() }
            try await body(runners, journal)
            group.cancelAll()
        }
    }

    private func name(_ text: String) throws -> DocumentName { try #require(DocumentName(text)) }

    @Test("the next one of a name begins when the one before has ended, and deleted ones are forgotten after their end")
    func lives() async throws {
        let directory = try TemporaryDirectory()
        let store = try FileImageStore(directory: directory.path)
        try await withRunners(store) { runners, journal in
            let a = try name("a")
            #expect(try await runners.put(configuration(1), named: a))
            try await journal.wait(for: 1)
            #expect(try await !runners.put(configuration(2), named: a))
            // The same again changes nothing.
            #expect(try await !runners.put(configuration(2), named: a))
            try await journal.wait(for: 3)
            #expect(try await runners.delete(a))
            #expect(try await runners.put(configuration(3), named: a))
            try await journal.wait(for: 6)
            #expect(
                journal.all == ["a1 begins", "a1 ends", "a2 begins", "a2 ends", "a2 is forgotten", "a3 begins"]
            )
            #expect(runners.all.map(\.name) == ["a"])
            #expect(try await !runners.delete(try name("b")))
        }
    }

    @Test("what one leaves is forgotten if the next one of its name does not go on with it")
    func replacement() async throws {
        let directory = try TemporaryDirectory()
        let store = try FileImageStore(directory: directory.path)
        try await withRunners(store) { runners, journal in
            let a = try name("a")
            for number in [1, 9.0] {
                _ = try await runners.put(configuration(number), named: a)
                while !journal.all.contains("a\(Int(number)) begins") { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(journal.all == ["a1 begins", "a1 ends", "a1 is forgotten", "a9 begins"])
        }
    }

    @Test("what is deleted while the documents are read again is forgotten")
    func slowDeletion() async throws {
        let directory = try TemporaryDirectory()
        let store = SlowDeletions(store: try FileImageStore(directory: directory.path))
        try await withRunners(store) { runners, journal in
            let a = try name("a")
            _ = try await runners.put(configuration(1), named: a)
            try await journal.wait(for: 1)
            #expect(try await runners.delete(a))
            #expect(journal.all == ["a1 begins", "a1 ends", "a1 is forgotten"])
        }
    }

    @Test("a deletion goes on when the client that asked for it has left")
    func cancelledDeletion() async throws {
        let directory = try TemporaryDirectory()
        let store = try FileImageStore(directory: directory.path)
        try await withRunners(store) { runners, journal in
            let a = try name("a")
            _ = try await runners.put(configuration(1), named: a)
            try await journal.wait(for: 1)
            try await withThrowingTaskGroup { group in
                group.addTask { _ = try await runners.delete(a) }
                while runners.runner(named: a) != nil { try await Task.sleep(for: .milliseconds(1)) }
                group.cancelAll()
            }
            try await journal.wait(for: 3)
            #expect(journal.all == ["a1 begins", "a1 ends", "a1 is forgotten"])
        }
    }

    @Test("what was kept before runs, a damaged document does not, and no more than are allowed")
    func load() async throws {
        let directory = try TemporaryDirectory()
        let store = try FileImageStore(directory: directory.path)
        for (text, body) in [("a", #"{"number":1}"#), ("b", #"{"number":"#), ("c", #"{"number":3}"#), ("d", "{}")] {
            _ = try store.store(document: Array(body.utf8), of: .streams, named: name(text))
        }
        _ = try store.store(document: Array(#"{"number":5}"#.utf8), of: .streams, named: name("e"))
        try await withRunners(store, maximumCount: 4) { runners, journal in
            try await journal.wait(for: 2)
            #expect(Set(journal.all) == ["a1 begins", "c3 begins"])
            await #expect(throws: StorageError.self) {
                try await runners.put(configuration(1), named: try name("f"))
            }
            #expect(try await !runners.put(configuration(2), named: try name("b")))
        }
    }
}

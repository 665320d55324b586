import Basics
import Foundation
import Storage
import TestSupport
import Testing

@Suite("image store in files")
struct FileImageStoreTests {
    private let directory: TemporaryDirectory

    /// Space of a picture of up to one block: a block for its bytes and one for its metadata.
    private static let smallCost = 2 * 4096

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
    }

    private func open(quota: Int = 1 << 20) throws -> FileImageStore {
        try FileImageStore(directory: "\(directory.path)/store", quotaBytes: quota)
    }

    @Test("a stored picture can be read, also by the next process")
    func roundTrip() throws {
        let created = Date(timeIntervalSince1970: 1_700_000_000.75)
        let upload = StoredImage(bytes: [1, 2, 3], format: "png", width: 3, height: 4, created: created)
        let processed = StoredImage.sample(try .coco(144), seed: 1, count: 10_000)
        func check(_ store: FileImageStore) throws {
            #expect(try store.upload(upload.metadata.id) == upload)
            #expect(store.uploadMetadata(upload.metadata.id) == upload.metadata)
            #expect(store.uploadMetadata(upload.metadata.id)?.created.timeIntervalSince1970 == 1_700_000_000)
            #expect(try store.processed(.coco(144)) == processed)
            #expect(try store.processedMetadata(.coco(144)) == processed.metadata)
            #expect(try store.upload(.coco(144)) == nil)
            #expect(store.uploadMetadata(try .coco(144)) == nil)
            #expect(try store.processed(upload.metadata.id) == nil)
            #expect(store.warnings.isEmpty)
        }
        do {
            let store = try open()
            #expect(try store.store(upload: upload))
            #expect(try !store.store(upload: upload), "it is not new the second time")
            try store.store(processed: processed)
            try check(store)
        }
        try check(open())
    }

    @Test("documents can be replaced, listed, deleted, and read by the next process")
    func documents() throws {
        try checkDocuments(try open(), again: nil)
        let name = try #require(DocumentName("front"))
        try open().store(document: [1, 2], of: .zones, named: name)
        #expect(try open().document(of: .zones, named: name) == [1, 2])
        #expect(directory.files(in: "store/temporary").isEmpty)
    }

    @Test("an empty picture can be stored")
    func empty() throws {
        let store = try open()
        try store.store(upload: StoredImage.sample(seed: 1, count: 0))
        #expect(try store.upload(ImageID(contentOf: []))?.bytes == [])
    }

    @Test("the latest processed version replaces earlier ones and their files")
    func latestWins() throws {
        let store = try open()
        for seed in 1...3 { try store.store(processed: .sample(.coco(1), seed: seed)) }
        #expect(try store.processed(.coco(1)) == .sample(.coco(1), seed: 3))
        #expect(directory.files(in: "store/objects").count == 1)
        #expect(directory.files(in: "store/processed").count == 1)
        #expect(directory.files(in: "store/temporary").isEmpty)
    }

    @Test("two ids can share the same bytes, and one survives deletion of the other")
    func sharing() throws {
        let store = try open()
        let upload = StoredImage.sample(seed: 1)
        try store.store(upload: upload)
        try store.store(processed: .sample(upload.metadata.id, seed: 1))
        try store.store(processed: .sample(.coco(1), seed: 1))
        #expect(directory.files(in: "store/objects").count == 1)
        #expect(try store.deleteUpload(upload.metadata.id))
        #expect(try store.processed(.coco(1))?.bytes == upload.bytes)
        try store.store(processed: .sample(.coco(1), seed: 2))
        #expect(directory.files(in: "store/objects").count == 1)
    }

    @Test("deleting an upload deletes its processed version and prevents storing another one")
    func deletion() throws {
        let store = try open()
        let upload = StoredImage.sample(seed: 1)
        let processed = StoredImage.sample(upload.metadata.id, seed: 2)
        try store.store(upload: upload)
        try store.store(processed: processed)
        #expect(try store.deleteUpload(upload.metadata.id))
        #expect(try !store.deleteUpload(upload.metadata.id), "it no longer exists")
        #expect(try store.upload(upload.metadata.id) == nil)
        #expect(try store.processed(upload.metadata.id) == nil)
        #expect(store.uploads(after: nil, limit: 10).isEmpty)
        for kind in ["objects", "uploads", "processed"] { #expect(directory.files(in: "store/\(kind)").isEmpty) }
        let error = #expect(throws: StorageError.self) { try store.store(processed: processed) }
        #expect(error?.code == .notFound)
        #expect(try store.store(upload: upload), "it is new again")
    }

    @Test("pages cover all uploads in the order of their ids", arguments: [1, 3, 7, 100])
    func pages(limit: Int) throws {
        let images = (0..<20).map { StoredImage.sample(seed: $0) }
        let store = try open()
        for image in images { try store.store(upload: image) }
        var listed: [ImageMetadata] = []
        for _ in images {
            let page = store.uploads(after: listed.last?.id, limit: limit)
            #expect(page.count <= limit)
            listed += page
        }
        #expect(listed == images.map(\.metadata).sorted { $0.id < $1.id })
    }

    @Test("two stores cannot use one directory at the same time")
    func exclusive() throws {
        let first = try open()
        let error = #expect(throws: StorageError.self) { try open() }
        #expect(error?.code == .inUse)
        #expect(try first.store(upload: .sample(seed: 1)))
    }

    @Test("the directory is created together with its parents")
    func makesDirectory() throws {
        let store = try FileImageStore(directory: "\(directory.path)/a/b/c/")
        #expect(try store.store(upload: .sample(seed: 1)))
        #expect(directory.files(in: "a/b/c/uploads").count == 1)
    }

    @Test("a path that is not a directory is an error")
    func noDirectory() throws {
        try directory.write("store")
        let error = #expect(throws: StorageError.self) { try open() }
        #expect(error?.code == .failed)
        #expect(error?.message.contains(directory.path) == false, "the message may be shown to clients")
        #expect(error?.description.contains(directory.path) == true, "the log contains the path")
    }
}

extension FileImageStoreTests {
    /// Processed versions, by number, that remain after some were used in a store with room for three.
    fileprivate static let recency: [(name: String, use: [Int], remaining: [Int])] = [
        ("without use, the first one is evicted", [], [2, 3, 4]),
        ("a used one is kept", [1], [1, 3, 4]),
        ("using the newest changes nothing", [3, 3], [2, 3, 4]),
        ("the order of use counts, not the order of storing", [2, 1], [1, 2, 4]),
        ("all are used in turn", [3, 2, 1], [1, 2, 4]),
    ]

    @Test("the least recently used processed version is evicted", arguments: recency, [false, true])
    fileprivate func leastRecentlyUsed(
        example: (name: String, use: [Int], remaining: [Int]),
        isReopened: Bool
    ) throws {
        var store = try open(quota: 3 * Self.smallCost)
        func wait() {
            // A later process takes the order from modification times, whose resolution may be as coarse as 10 ms.
            if isReopened { Thread.sleep(forTimeInterval: 0.02) }
        }
        for number in 1...3 {
            try store.store(processed: .sample(.coco(number), seed: number))
            wait()
        }
        for number in example.use {
            #expect(try store.processed(.coco(number)) != nil)
            wait()
        }
        if isReopened {
            store = try FileImageStore(directory: "\(directory.path)/other", quotaBytes: 1 << 20)
            store = try open(quota: 3 * Self.smallCost)
        }
        try store.store(processed: .sample(.coco(4), seed: 4))
        let remaining = try (1...4).filter { try store.processedMetadata(.coco($0)) != nil }
        #expect(remaining == example.remaining, "\(example.name)")
    }

    @Test("reading the metadata and storing the same bytes again count as use")
    func otherUses() throws {
        let store = try open(quota: 3 * Self.smallCost)
        for number in 1...3 { try store.store(processed: .sample(.coco(number), seed: number)) }
        _ = try store.processedMetadata(.coco(1))
        try store.store(processed: .sample(.coco(2), seed: 2))
        try store.store(processed: .sample(.coco(4), seed: 4))
        #expect(try store.processedMetadata(.coco(3)) == nil)
        #expect(directory.files(in: "store/objects").count == 3)
    }

    @Test(
        "the quota counts blocks of 4096 bytes plus one block for the metadata",
        arguments: [(0, 4096), (1, 8192), (4096, 8192), (4097, 12288), (100_000, 106_496)]
    )
    func quota(byteCount: Int, cost: Int) throws {
        let image = StoredImage.sample(seed: 1, count: byteCount)
        try open(quota: cost).store(upload: image)
        try FileManager.default.removeItem(atPath: "\(directory.path)/store")
        let error = #expect(throws: StorageError.self) { try open(quota: cost - 1).store(upload: image) }
        #expect(error?.code == .full)
        #expect(directory.files(in: "store/objects").isEmpty)
    }

    @Test("uploads evict processed versions and are never evicted themselves")
    func uploadsStay() throws {
        let store = try open(quota: 4 * Self.smallCost)
        for number in 1...2 { try store.store(processed: .sample(.coco(number), seed: number)) }
        for seed in 11...13 { try store.store(upload: .sample(seed: seed)) }
        #expect(try store.processedMetadata(.coco(1)) == nil)
        #expect(try store.processedMetadata(.coco(2)) != nil)

        let tooLarge = StoredImage.sample(seed: 14, count: 4097)
        let refused = #expect(throws: StorageError.self) { try store.store(upload: tooLarge) }
        #expect(refused?.code == .full)
        #expect(try store.processedMetadata(.coco(2)) != nil, "a picture that does not fit evicts nothing")

        try store.store(upload: .sample(seed: 15))
        #expect(try store.processedMetadata(.coco(2)) == nil)
        let full = #expect(throws: StorageError.self) { try store.store(processed: .sample(.coco(3), seed: 3)) }
        #expect(full?.code == .full)
        #expect(full?.message.contains("delete") == true, "the message says what to do")
        #expect(store.uploads(after: nil, limit: 10).count == 4)

        try store.deleteUpload(ImageID(contentOf: StoredImage.sample(seed: 11).bytes))
        try store.store(processed: .sample(.coco(3), seed: 3))
    }

    @Test("opening the store with a smaller quota evicts processed versions")
    func smallerQuota() throws {
        do {
            let store = try open(quota: 8 * Self.smallCost)
            for number in 1...4 {
                try store.store(processed: .sample(.coco(number), seed: number))
                Thread.sleep(forTimeInterval: 0.02)
            }
            for seed in 11...12 { try store.store(upload: .sample(seed: seed)) }
        }
        let store = try open(quota: 3 * Self.smallCost)
        #expect(try (1...4).filter { try store.processedMetadata(.coco($0)) != nil } == [4])
        #expect(store.uploads(after: nil, limit: 10).count == 2)
        #expect(directory.files(in: "store/objects").count == 3)
    }
}

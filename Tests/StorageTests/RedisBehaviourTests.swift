import Foundation
import Storage
import TestSupport
import Testing

/// Behaviour that all image stores share.
@Suite("image stores of both kinds")
struct RedisBehaviourTests {
    /// Space of a picture of up to one block: a block for its bytes and one for its metadata.
    private static let smallCost = 2 * 4096

    enum Kind: CaseIterable {
        case files, redis

        static let usable = allCases.filter { $0 == .files || RedisServer.mayUse("redis-server") }
    }

    /// A store and what it needs while the test runs.
    private struct Fixture {
        let store: any ImageStore
        let directory: TemporaryDirectory?
        let keyspace: RedisKeyspace?

        init(_ kind: Kind, quota: Int = 1 << 20) throws {
            directory = kind == .files ? try TemporaryDirectory(inMemory: true) : nil
            keyspace = kind == .redis ? try RedisKeyspace(server: .shared) : nil
            store =
                if let keyspace {
                    try keyspace.store(quota: quota)
                } else {
                    try FileImageStore(directory: #require(directory).path, quotaBytes: quota)
                }
        }
    }

    @Test("a stored picture can be read with its metadata", arguments: Kind.usable)
    func roundTrip(kind: Kind) throws {
        let fixture = try Fixture(kind)
        let store = fixture.store
        let created = Date(timeIntervalSince1970: 1_700_000_000.75)
        let upload = StoredImage(bytes: Array(0...255), format: "png", width: 3, height: 4, created: created)
        let processed = StoredImage.sample(try .coco(144), seed: 1, count: 300_000)
        #expect(try store.store(upload: upload))
        try store.store(processed: processed)
        #expect(try store.upload(upload.metadata.id) == upload)
        #expect(try store.uploadMetadata(upload.metadata.id) == upload.metadata)
        #expect(try store.processed(.coco(144)) == processed)
        #expect(try store.processedMetadata(.coco(144)) == processed.metadata)
        #expect(try store.upload(.coco(144)) == nil)
        #expect(try store.uploadMetadata(.coco(144)) == nil)
        #expect(try store.processed(upload.metadata.id) == nil)
        #expect(try store.processedMetadata(upload.metadata.id) == nil)
    }

    @Test("storing an upload again leaves it as it is", arguments: Kind.usable)
    func repeatedUpload(kind: Kind) throws {
        let fixture = try Fixture(kind)
        let first = StoredImage.sample(seed: 1)
        let second = StoredImage(bytes: first.bytes, format: "jpeg", width: 640, height: 480, created: Date())
        #expect(try fixture.store.store(upload: first))
        #expect(try !fixture.store.store(upload: second))
        #expect(try fixture.store.upload(first.metadata.id) == first)
    }

    @Test("an empty picture can be stored", arguments: Kind.usable)
    func empty(kind: Kind) throws {
        let fixture = try Fixture(kind)
        try fixture.store.store(upload: StoredImage.sample(seed: 1, count: 0))
        #expect(try fixture.store.upload(ImageID(contentOf: []))?.bytes == [])
    }

    @Test("the latest processed version replaces earlier ones", arguments: Kind.usable)
    func latestWins(kind: Kind) throws {
        let fixture = try Fixture(kind)
        for seed in 1...3 { try fixture.store.store(processed: .sample(.coco(1), seed: seed)) }
        #expect(try fixture.store.processed(.coco(1)) == .sample(.coco(1), seed: 3))
    }

    @Test("two ids can share the same bytes, and one survives deletion of the other", arguments: Kind.usable)
    func sharing(kind: Kind) throws {
        let fixture = try Fixture(kind)
        let upload = StoredImage.sample(seed: 1)
        try fixture.store.store(upload: upload)
        try fixture.store.store(processed: .sample(upload.metadata.id, seed: 1))
        try fixture.store.store(processed: .sample(.coco(1), seed: 1))
        #expect(try fixture.store.deleteUpload(upload.metadata.id))
        #expect(try fixture.store.processed(.coco(1))?.bytes == upload.bytes)
    }

    @Test("deleting an upload deletes its processed version and prevents storing another", arguments: Kind.usable)
    func deletion(kind: Kind) throws {
        let fixture = try Fixture(kind)
        let store = fixture.store
        let upload = StoredImage.sample(seed: 1)
        let processed = StoredImage.sample(upload.metadata.id, seed: 2)
        try store.store(upload: upload)
        try store.store(processed: processed)
        #expect(try store.deleteUpload(upload.metadata.id))
        #expect(try !store.deleteUpload(upload.metadata.id), "it no longer exists")
        #expect(try store.upload(upload.metadata.id) == nil)
        #expect(try store.processed(upload.metadata.id) == nil)
        #expect(try store.uploads(after: nil, limit: 10).isEmpty)
        let error = #expect(throws: StorageError.self) { try store.store(processed: processed) }
        #expect(error?.code == .notFound)
        #expect(try store.store(upload: upload), "it is new again")
        #expect(try store.processed(upload.metadata.id) == nil)
    }

    @Test("deleting an upload by another picture's id deletes nothing", arguments: Kind.usable)
    func deletionOfNone(kind: Kind) throws {
        let fixture = try Fixture(kind)
        let processed = StoredImage.sample(try .coco(1), seed: 1)
        try fixture.store.store(processed: processed)
        #expect(try !fixture.store.deleteUpload(.coco(1)))
        #expect(try fixture.store.processed(.coco(1)) == processed)
    }

    @Test("pages cover all uploads in the order of their ids", arguments: Kind.usable, [1, 3, 7, 100])
    func pages(kind: Kind, limit: Int) throws {
        let images = (0..<20).map { StoredImage.sample(seed: $0) }
        let fixture = try Fixture(kind)
        for image in images { try fixture.store.store(upload: image) }
        var listed: [ImageMetadata] = []
        for _ in images {
            let page = try fixture.store.uploads(after: listed.last?.id, limit: limit)
            #expect(page.count <= limit)
            listed += page
        }
        #expect(listed == images.map(\.metadata).sorted { $0.id < $1.id })
        #expect(try fixture.store.uploads(after: ImageID("img_"), limit: 20).count == 20, "the cursor need not exist")
        for limit in [0, -1] { #expect(try fixture.store.uploads(after: nil, limit: limit).isEmpty) }
    }

    /// Processed versions, by number, that remain after some were used in a store with room for three.
    private static let recency: [(name: String, use: [Int], remaining: [Int])] = [
        ("without use, the first one is evicted", [], [2, 3, 4]),
        ("a used one is kept", [1], [1, 3, 4]),
        ("using the newest changes nothing", [3, 3], [2, 3, 4]),
        ("the order of use counts, not the order of storing", [2, 1], [1, 2, 4]),
        ("all are used in turn", [3, 2, 1], [1, 2, 4]),
    ]

    @Test("the least recently used processed version is evicted", arguments: Kind.usable, recency)
    fileprivate func leastRecentlyUsed(kind: Kind, example: (name: String, use: [Int], remaining: [Int])) throws {
        let fixture = try Fixture(kind, quota: 3 * Self.smallCost)
        let store = fixture.store
        for number in 1...3 { try store.store(processed: .sample(.coco(number), seed: number)) }
        for number in example.use { #expect(try store.processed(.coco(number)) != nil) }
        try store.store(processed: .sample(.coco(4), seed: 4))
        let remaining = try (1...4).filter { try store.processedMetadata(.coco($0)) != nil }
        #expect(remaining == example.remaining, "\(example.name)")
    }

    @Test("reading the metadata and storing the same bytes again count as use", arguments: Kind.usable)
    func otherUses(kind: Kind) throws {
        let fixture = try Fixture(kind, quota: 3 * Self.smallCost)
        let store = fixture.store
        for number in 1...3 { try store.store(processed: .sample(.coco(number), seed: number)) }
        _ = try store.processedMetadata(.coco(1))
        try store.store(processed: .sample(.coco(2), seed: 2))
        try store.store(processed: .sample(.coco(4), seed: 4))
        #expect(try (1...4).filter { try store.processedMetadata(.coco($0)) != nil } == [1, 2, 4])
    }

    @Test(
        "the quota counts blocks of 4096 bytes plus one block for the metadata",
        arguments: Kind.usable,
        [(0, 4096), (1, 8192), (4096, 8192), (4097, 12288), (100_000, 106_496)]
    )
    func quota(kind: Kind, example: (byteCount: Int, cost: Int)) throws {
        let image = StoredImage.sample(seed: 1, count: example.byteCount)
        let (large, small) = (try Fixture(kind, quota: example.cost), try Fixture(kind, quota: example.cost - 1))
        #expect(try large.store.store(upload: image))
        let error = #expect(throws: StorageError.self) { try small.store.store(upload: image) }
        #expect(error?.code == .full)
    }

    @Test("uploads evict processed versions and are never evicted themselves", arguments: Kind.usable)
    func uploadsStay(kind: Kind) throws {
        let fixture = try Fixture(kind, quota: 4 * Self.smallCost)
        let store = fixture.store
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
        #expect(full?.message.contains("\(4 * Self.smallCost)") == true)
        #expect(try store.uploads(after: nil, limit: 10).count == 4)
        #expect(try !store.store(upload: .sample(seed: 11)), "a stored picture needs no more room")

        try store.deleteUpload(ImageID(contentOf: StoredImage.sample(seed: 11).bytes))
        try store.store(processed: .sample(.coco(3), seed: 3))
    }

    @Test("eight threads that share pictures in too small a store read only complete ones", arguments: Kind.usable)
    func wholePictures(kind: Kind) throws {
        // Room for about six of the twelve processed versions, so that evictions are constant.
        let quota = 200_000
        let fixture = try Fixture(kind, quota: quota)
        // A second replica, if the kind of store supports several.
        let stores = [fixture.store, try fixture.keyspace?.store(quota: quota) ?? fixture.store]
        expectWholePictures(in: stores, steps: 150)
        try fixture.keyspace?.expectConsistent(quota: quota)
    }
}

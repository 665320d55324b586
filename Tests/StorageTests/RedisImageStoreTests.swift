import Foundation
import Storage
import TestSupport
import Testing

@Suite("image store in Redis", .needsRedis)
struct RedisImageStoreTests {
    private static let smallCost = 2 * 4096

    private let keys: RedisKeyspace

    init() throws {
        keys = try RedisKeyspace(server: .shared)
    }

    @Test("a picture stored by one replica is visible to another")
    func replicas() throws {
        let (first, second) = (try keys.store(), try keys.store())
        let upload = StoredImage.sample(seed: 1)
        let processed = StoredImage.sample(upload.metadata.id, seed: 2, count: 300_000)
        #expect(try first.store(upload: upload))
        #expect(try !second.store(upload: upload))
        try second.store(processed: processed)
        #expect(try first.processed(upload.metadata.id) == processed)
        #expect(try second.uploads(after: nil, limit: 10) == [upload.metadata])
        #expect(try second.deleteUpload(upload.metadata.id))
        #expect(try first.upload(upload.metadata.id) == nil)
        #expect(try first.processed(upload.metadata.id) == nil)
        try keys.expectConsistent(quota: 0)
    }

    @Test("a lease has one holder until it ends, is given back, or is not renewed")
    func leases() throws {
        let stores = [try keys.store(), try keys.store()]
        func lease(_ replica: Int, _ name: String = "streams/a", milliseconds: Int = 60_000) throws -> String {
            try stores[replica].lease(name, for: "replica \(replica)", milliseconds: milliseconds)
        }
        #expect(try lease(0) == "replica 0")
        #expect(try lease(1) == "replica 0")
        #expect(try lease(1, "streams/b") == "replica 1")
        #expect(try lease(0) == "replica 0")
        // Only the holder can give it back.
        try stores[1].release("streams/a", for: "replica 1")
        #expect(try lease(1) == "replica 0")
        try stores[0].release("streams/a", for: "replica 0")
        #expect(try lease(1, milliseconds: 100) == "replica 1")
        Thread.sleep(forTimeInterval: 0.2)
        #expect(try lease(0) == "replica 0")
    }

    @Test("documents can be replaced, listed, deleted, and read by another replica")
    func documents() throws {
        try checkDocuments(try keys.store(), again: { try keys.store() })
    }

    @Test("a picture of 32 MiB can be stored and read")
    func large() throws {
        let store = try keys.store(quota: 1 << 30)
        var bytes = [UInt8](repeating: 0, count: 32 << 20)
        for index in stride(from: 0, to: bytes.count, by: 1009) { bytes[index] = UInt8(truncatingIfNeeded: index) }
        let image = StoredImage(id: try .coco(1), bytes: bytes, format: "png", width: 4000, height: 3000)
        try store.store(processed: image)
        #expect(try store.processed(.coco(1)) == image)
        #expect(try store.processedMetadata(.coco(1)) == image.metadata)
    }

    @Test("more uploads than one command lists are all listed")
    func manyUploads() throws {
        let store = try keys.store(quota: 1 << 30)
        for seed in 0..<1100 { try store.store(upload: .sample(seed: seed, count: 8)) }
        let ids = try store.uploads(after: nil, limit: .max).map(\.id)
        #expect(ids.count == 1100)
        #expect(ids == ids.sorted())
        #expect(try store.uploads(after: ids[99], limit: 1000).map(\.id) == Array(ids[100...]))
    }

    @Test("a smaller quota evicts when the next picture is stored")
    func smallerQuota() throws {
        let store = try keys.store(quota: 8 * Self.smallCost)
        for number in 1...8 { try store.store(processed: .sample(.coco(number), seed: number)) }
        try keys.store(quota: 3 * Self.smallCost).store(processed: .sample(.coco(9), seed: 9))
        #expect(try (1...9).filter { try store.processedMetadata(.coco($0)) != nil } == [7, 8, 9])
        try keys.expectConsistent(quota: 3 * Self.smallCost)
    }

    @Test("bytes that changed in Redis are never returned, and storing the picture again repairs them")
    func changedBytes() throws {
        let store = try keys.store()
        let upload = StoredImage.sample(seed: 1)
        let processed = StoredImage.sample(try .coco(1), seed: 2)
        try store.store(upload: upload)
        try store.store(processed: processed)
        try keys.command("HSET", "upload:\(upload.metadata.id)", "bytes", "other")
        try keys.command("HSET", "processed:000000000001", "bytes", "other")
        let error = #expect(throws: StorageError.self) { try store.upload(upload.metadata.id) }
        #expect(error?.code == .damaged)
        #expect(try !store.store(upload: upload))
        #expect(try store.upload(upload.metadata.id) == upload)
        #expect(try store.processed(.coco(1)) == nil)
        try keys.expectConsistent(quota: 1 << 20)
        try store.store(processed: processed)
        #expect(try store.processed(.coco(1)) == processed)
    }

    @Test(
        "invalid metadata is reported as damaged",
        arguments: [
            ("width", "x"), ("width", "-1"), ("height", "99999999999999999999"), ("sha256", ""), ("created", ""),
        ]
    )
    func changedMetadata(field: String, value: String) throws {
        let store = try keys.store()
        let upload = StoredImage.sample(seed: 1)
        try store.store(upload: upload)
        try keys.command("HSET", "upload:\(upload.metadata.id)", field, value)
        for read in [
            { _ = try store.upload(upload.metadata.id) }, { _ = try store.uploadMetadata(upload.metadata.id) },
        ] {
            let error = #expect(throws: StorageError.self) { try read() }
            #expect(error?.code == .damaged)
        }
        #expect(try store.uploads(after: nil, limit: 10).isEmpty)
        #expect(try store.deleteUpload(upload.metadata.id))
    }

    @Test(
        "totals that someone else changed are counted again, and nothing is evicted for them",
        arguments: ["used", "uploads", "sequence"],
        ["9223372036854775807", "-1", "-1e30", "nan", "inf", "1.5", "", "text", "0x10", "99999999999999999999"]
    )
    func changedTotals(field: String, value: String) throws {
        let store = try keys.store()
        let (upload, processed) = (StoredImage.sample(seed: 1), StoredImage.sample(try .coco(1), seed: 2))
        try store.store(upload: upload)
        try store.store(processed: processed)
        try keys.command("HSET", "costs", field, value)
        try store.store(upload: .sample(seed: 3))
        #expect(try store.upload(upload.metadata.id) == upload)
        #expect(try store.processed(.coco(1)) == processed)
        try store.store(processed: .sample(.coco(2), seed: 4))
        try keys.expectConsistent(quota: 1 << 20)
    }

    @Test("costs, names and types that someone else changed do not stop the store")
    func changedBookkeeping() throws {
        let store = try keys.store(timeToLive: 100)
        let uploads = (1...3).map { StoredImage.sample(seed: $0) }
        for upload in uploads { try store.store(upload: upload) }
        try store.store(processed: .sample(.coco(1), seed: 9))
        let (first, second) = (uploads[0].metadata.id, uploads[1].metadata.id)
        for name in ["../../etc/passwd", "a/b", "img_\u{0}", ".", "é", String(repeating: "x", count: 1000)] {
            try keys.command("ZADD", "uploads", "0", name)
            try keys.command("ZADD", "recency", "inf", name)
            try keys.command("ZADD", "expiry", "-inf", name)
            try keys.command("ZADD", "expiry", "1", "upload:\(name)")
        }
        try keys.command("HSET", "costs", "upload:\(first)", "nan")
        try keys.command("ZADD", "recency", "-inf", "000000000001")
        try keys.command("DEL", "upload:\(second)")
        try keys.command("SET", "upload:\(second)", "text")

        let listed = try store.uploads(after: nil, limit: 10).map(\.id)
        #expect(listed == uploads.map(\.metadata.id).sorted().filter { $0 != second })
        #expect(throws: StorageError.self) { try store.upload(second) }
        // Storing it again repairs it.
        #expect(try store.store(upload: uploads[1]))
        #expect(try store.upload(second) == uploads[1])
        try store.store(processed: .sample(.coco(1), seed: 10))
        #expect(try store.deleteUpload(first))
        #expect(try store.upload(uploads[2].metadata.id) == uploads[2])
    }

    @Test("keys in use by others are an error; only the log has details", arguments: ["costs", "uploads", "recency"])
    func foreignKeys(key: String) throws {
        let store = try keys.store()
        try keys.command("SET", "\(key)", "x")
        let error = #expect(throws: StorageError.self) {
            try store.store(upload: .sample(seed: 1))
            try store.store(processed: .sample(.coco(1), seed: 1))
        }
        #expect(error?.code == .failed)
        #expect(error?.message.contains("WRONGTYPE") == false)
        #expect(error?.description.contains("WRONGTYPE") == true)
    }

    @Test("a Redis out of memory is reported as full, and all calls but storing still work")
    func outOfMemory() throws {
        let keys = RedisKeyspace(server: try RedisServer())
        let store = try keys.store(quota: 1 << 30, timeToLive: 1000)
        let upload = StoredImage.sample(seed: 1)
        let processed = StoredImage.sample(upload.metadata.id, seed: 2)
        try store.store(upload: upload)
        try store.store(processed: processed)
        try keys.server.command(["CONFIG", "SET", "maxmemory", "500kb"])
        for image in [StoredImage.sample(seed: 3), processed] {
            let error = #expect(throws: StorageError.self) {
                if image.metadata.id == upload.metadata.id {
                    try store.store(processed: image)
                } else {
                    try store.store(upload: image)
                }
            }
            #expect(error?.code == .full)
            #expect(error?.message.contains("maxmemory") == true)
        }
        try keys.expectConsistent(quota: 1 << 30)
        #expect(try store.upload(upload.metadata.id) == upload)
        for store in [store, try keys.store()] { #expect(try store.processed(upload.metadata.id) == processed) }
        #expect(try store.uploads(after: nil, limit: 10) == [upload.metadata])
        #expect(try store.deleteUpload(upload.metadata.id))
        try keys.expectConsistent(quota: 0)
        try keys.server.command(["CONFIG", "SET", "maxmemory", "0"])
        #expect(try store.store(upload: .sample(seed: 3)))
    }

    @Test("random calls give the same results as a model made of two dictionaries", arguments: 0..<6 as Range<UInt64>)
    func agreesWithModel(seed: UInt64) throws {
        let quota = 100_000
        let stores = [try keys.store(quota: quota), try keys.store(quota: quota)]
        var generator = SeededGenerator(seed: seed)
        var uploads: [StoredImage] = []
        /// In order of last use.
        var processed: [StoredImage] = []
        func cost(_ images: [StoredImage]) -> Int {
            images.reduce(0) { $0 + 4096 + ($1.bytes.count + 4095) / 4096 * 4096 }
        }
        for _ in 0..<120 {
            let store = stores[Int.random(in: 0..<2, using: &generator)]
            let number = Int.random(in: 0..<6, using: &generator)
            let count = Int.random(in: 0..<20_000, using: &generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0:
                let image = StoredImage.sample(seed: number, count: number * 3000)
                let isNew = !uploads.contains(image)
                if isNew, cost(uploads + [image]) > quota {
                    #expect(throws: StorageError.self) { try store.store(upload: image) }
                } else {
                    #expect(try store.store(upload: image) == isNew)
                    if isNew { uploads.append(image) }
                }
            case 1:
                let id = StoredImage.sample(seed: number, count: number * 3000).metadata.id
                #expect(try store.deleteUpload(id) == uploads.contains { $0.metadata.id == id })
                processed.removeAll { $0.metadata.id == id }
                uploads.removeAll { $0.metadata.id == id }
            case 2...4:
                let id = try uploads.randomElement(using: &generator)?.metadata.id ?? .coco(number)
                let image = StoredImage.sample(id, seed: number, count: count)
                guard cost(uploads + [image]) <= quota else { continue }
                try store.store(processed: image)
                processed = processed.filter { $0.metadata.id != id } + [image]
            default:
                let id = try processed.randomElement(using: &generator)?.metadata.id ?? .coco(number)
                let expected = processed.first { $0.metadata.id == id }
                #expect(try store.processed(id) == expected)
                processed = processed.filter { $0.metadata.id != id } + [expected].compactMap(\.self)
            }
            while cost(uploads + processed) > quota { processed.removeFirst() }
            #expect(try store.uploads(after: nil, limit: .max).map(\.id) == uploads.map(\.metadata.id).sorted())
        }
        // Reading them in order of last use keeps that order.
        for image in processed { #expect(try stores[0].processed(image.metadata.id) == image) }
        for image in uploads { #expect(try stores[1].upload(image.metadata.id) == image) }
        #expect(try keys.costs()["used"] == cost(uploads + processed))
        try keys.expectConsistent(quota: quota)
    }
}

extension RedisImageStoreTests {
    /// Returns a picture's remaining time to live in milliseconds; -1 if it has no limit, -2 if it does not exist.
    private func remainingTime(_ name: String) throws -> Int {
        try #require(Int(keys.command("PTTL", "\(name)").first ?? ""))
    }

    /// Makes all uploads expire now.
    private func expireUploads() throws {
        let script = """
            for _, id in ipairs(redis.call('ZRANGE', KEYS[1] .. 'uploads', 0, -1)) do
                redis.call('PEXPIRE', KEYS[1] .. 'upload:' .. id, -1)
                redis.call('ZADD', KEYS[1] .. 'expiry', 1, 'upload:' .. id)
            end
            """
        try keys.server.command(["EVAL", script, "1", keys.prefix])
    }

    @Test("an upload's time to live restarts with each upload, a processed version's with each use")
    func timesToLive() throws {
        let store = try keys.store(timeToLive: 100)
        let upload = StoredImage.sample(seed: 1)
        let id = upload.metadata.id
        let uses: [(name: String, isRenewed: [Bool], use: () throws -> Void)] = [
            ("reading the upload", [false, false], { _ = try store.upload(id) }),
            ("its metadata", [false, false], { _ = try store.uploadMetadata(id) }),
            ("uploading it again", [true, false], { try store.store(upload: upload) }),
            ("reading the processed version", [false, true], { _ = try store.processed(id) }),
            ("its metadata", [false, true], { _ = try store.processedMetadata(id) }),
            ("storing it again", [false, true], { try store.store(processed: .sample(id, seed: 3)) }),
        ]
        try store.store(upload: upload)
        try store.store(processed: .sample(id, seed: 2))
        for use in uses {
            for name in ["upload:\(id)", "processed:\(id)"] {
                try keys.command("PEXPIRE", "\(name)", "50000")
            }
            try use.use()
            let times = [try remainingTime("upload:\(id)"), try remainingTime("processed:\(id)")]
            #expect(times.map { $0 > 50_000 } == use.isRenewed, "\(use.name)")
            #expect(times.allSatisfy { (10_000...100_000).contains($0) })
        }
    }

    @Test("without a time to live nothing expires, and a changed one applies from the next use")
    func withoutTimeToLive() throws {
        let (store, mortal) = (try keys.store(), try keys.store(timeToLive: 100))
        try store.store(processed: .sample(.coco(1), seed: 1))
        #expect(try remainingTime("processed:000000000001") == -1)
        _ = try mortal.processed(.coco(1))
        #expect(try remainingTime("processed:000000000001") > 50_000)
        _ = try store.processed(.coco(1))
        #expect(try remainingTime("processed:000000000001") == -1)
        #expect(try keys.command("ZCARD", "expiry") == ["0"])
    }

    @Test("expired pictures are gone and no longer count towards the quota")
    func expiry() throws {
        let store = try keys.store(timeToLive: 1)
        let upload = StoredImage.sample(seed: 1)
        try store.store(upload: upload)
        try store.store(processed: .sample(upload.metadata.id, seed: 2))
        try store.store(processed: .sample(.coco(1), seed: 3))
        let end = Date.now + 10
        while try store.uploadMetadata(upload.metadata.id) != nil, Date.now < end {
            Thread.sleep(forTimeInterval: 0.05)
        }
        Thread.sleep(forTimeInterval: 0.05)
        #expect(try store.upload(upload.metadata.id) == nil)
        #expect(try store.uploads(after: nil, limit: 10).isEmpty)
        #expect(try store.processed(.coco(1)) == nil)
        try keys.expectConsistent(quota: 0)
        #expect(try store.store(upload: upload), "it counts as new again")
    }

    @Test("the processed version of an upload expires with it, whatever its own time to live")
    func expiredSource() throws {
        let store = try keys.store(timeToLive: 1000)
        let upload = StoredImage.sample(seed: 1)
        try store.store(upload: upload)
        try store.store(processed: .sample(upload.metadata.id, seed: 2))
        // As if Redis had removed the upload, unnoticed by the scripts.
        try keys.command("DEL", "upload:\(upload.metadata.id)")
        #expect(try store.processed(upload.metadata.id) == nil)
        #expect(try store.uploads(after: nil, limit: 10).isEmpty)
        let error = #expect(throws: StorageError.self) {
            try store.store(processed: .sample(upload.metadata.id, seed: 3))
        }
        #expect(error?.code == .notFound)
        #expect(try !store.deleteUpload(upload.metadata.id))
        try keys.expectConsistent(quota: 0)
    }

    @Test("the space of a picture that Redis has removed by itself is reclaimed")
    func evictedByRedis() throws {
        let store = try keys.store(quota: Self.smallCost)
        let upload = StoredImage.sample(seed: 1)
        try store.store(upload: upload)
        try keys.command("DEL", "upload:\(upload.metadata.id)")
        #expect(try store.store(upload: upload))
        try keys.command("DEL", "upload:\(upload.metadata.id)")
        #expect(try !store.deleteUpload(upload.metadata.id))
        try keys.expectConsistent(quota: 0)
    }

    @Test("expired pictures are purged, a bounded number per call, and never listed")
    func purge() throws {
        let count = 250
        let store = try keys.store(quota: count * Self.smallCost, timeToLive: 1000)
        let uploads = (0..<count).map { StoredImage.sample(seed: $0) }
        for upload in uploads { try store.store(upload: upload) }
        let full = #expect(throws: StorageError.self) { try store.store(upload: .sample(seed: count)) }
        #expect(full?.code == .full)
        try expireUploads()
        try store.store(processed: .sample(.coco(1), seed: 1))
        #expect(try keys.costs()["used"] == (count - 100 + 1) * Self.smallCost)
        #expect(try store.processed(.coco(1)) != nil)
        #expect(try keys.costs()["used"] == (count - 200 + 1) * Self.smallCost)
        #expect(try store.uploads(after: nil, limit: 10).isEmpty)
        #expect(try keys.costs()["used"] == Self.smallCost)
        try keys.expectConsistent(quota: Self.smallCost)
    }
}

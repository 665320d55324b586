import Foundation
import Storage
import TestSupport
import Testing

@Suite("recovery of the image store after a crash")
struct FileImageStoreCrashTests {
    private let directory: TemporaryDirectory
    private let upload = StoredImage.sample(seed: 1)
    private let processed: StoredImage

    /// Creates a store with an upload and a processed version of COCO's 144, and closes it.
    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        processed = .sample(try .coco(144), seed: 2)
        let store = try FileImageStore(directory: directory.path)
        try store.store(upload: upload)
        try store.store(processed: processed)
    }

    private func object(of image: StoredImage) -> String {
        "objects/\(image.metadata.sha256.prefix(2))/\(image.metadata.sha256)"
    }

    @Test("files that a killed process was writing are removed without a warning")
    func sweeps() throws {
        let orphan = StoredImage.sample(seed: 3)
        try directory.write("temporary/17", [1, 2])
        try directory.write(object(of: orphan), orphan.bytes)
        let store = try FileImageStore(directory: directory.path)
        #expect(store.warnings.isEmpty)
        #expect(directory.files(in: "temporary").isEmpty)
        #expect(directory.files(in: "objects").count == 2)
        #expect(try store.upload(upload.metadata.id) == upload)
        #expect(try store.processed(.coco(144)) == processed)
        #expect(try store.upload(orphan.metadata.id) == nil)
        #expect(try store.store(upload: orphan))
        #expect(try store.upload(orphan.metadata.id) == orphan)
    }

    @Test("the processed version of a missing upload is removed")
    func processedWithoutUpload() throws {
        try FileImageStore(directory: directory.path).store(processed: .sample(upload.metadata.id, seed: 4))
        try FileManager.default.removeItem(atPath: "\(directory.path)/uploads/\(upload.metadata.id).json")
        let store = try FileImageStore(directory: directory.path)
        #expect(try store.processed(upload.metadata.id) == nil)
        #expect(directory.files(in: "processed") == ["processed/000000000144.json"])
        #expect(directory.files(in: "objects").count == 1)
    }

    @Test("a picture with a missing or wrong-sized object is dropped and reported", arguments: [nil, 0, 99, 101])
    func lostObject(count: Int?) throws {
        for image in [upload, processed] {
            try FileManager.default.removeItem(atPath: "\(directory.path)/\(object(of: image))")
            if let count { try directory.write(object(of: image), Array(repeating: 0, count: count)) }
        }
        let store = try FileImageStore(directory: directory.path)
        #expect(store.warnings.count == 2)
        #expect(try store.upload(upload.metadata.id) == nil)
        #expect(try store.processed(.coco(144)) == nil)
        for kind in ["objects", "uploads", "processed"] { #expect(directory.files(in: kind).isEmpty) }
        #expect(try store.store(upload: upload))
    }

    @Test(
        "invalid metadata, and that of another picture, is dropped and reported",
        arguments: ["", "{}", "\u{0}\u{0}", "{\"id\": \"../../etc/passwd\"}", String(repeating: " ", count: 100_000)]
    )
    func damagedMetadata(text: String) throws {
        try directory.write("uploads/\(upload.metadata.id).json", Array(text.utf8))
        try FileManager.default.moveItem(
            atPath: "\(directory.path)/processed/000000000144.json",
            toPath: "\(directory.path)/processed/000000000145.json"
        )
        let store = try FileImageStore(directory: directory.path)
        #expect(store.warnings.count == 2)
        #expect(store.uploads(after: nil, limit: 1).isEmpty)
        #expect(try store.processed(.coco(144)) == nil)
        #expect(try store.processed(.coco(145)) == nil)
    }

    @Test("bytes that changed on disk are never returned, and storing the picture again repairs them")
    func changedBytes() throws {
        try directory.write(object(of: upload), Array(repeating: 0, count: 100))
        try directory.write(object(of: processed), Array(repeating: 0, count: 100))
        let store = try FileImageStore(directory: directory.path)
        #expect(try store.processed(.coco(144)) == nil)
        #expect(try store.processedMetadata(.coco(144)) == nil)
        for _ in 0..<2 {
            let error = #expect(throws: StorageError.self) { try store.upload(upload.metadata.id) }
            #expect(error?.code == .damaged)
        }
        #expect(try !store.store(upload: upload))
        #expect(try store.upload(upload.metadata.id) == upload)
        try store.store(processed: processed)
        #expect(try store.processed(.coco(144)) == processed)
    }

    @Test(
        "links, pipes and folders in place of the store's files are never followed, nor waited for",
        arguments: ["link to another file", "link to /dev/zero", "pipe", "folder"]
    )
    func foreignFiles(kind: String) throws {
        let files = FileManager.default
        let outside = try directory.write("outside", upload.bytes)
        func replace(_ path: String) throws {
            try files.removeItem(atPath: path)
            switch kind {
            case "pipe": #expect(mkfifo(path, 0o600) == 0)
            case "folder": try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            default:
                let target = kind.hasSuffix("zero") ? "/dev/zero" : outside
                try files.createSymbolicLink(atPath: path, withDestinationPath: target)
            }
        }
        do {
            let store = try FileImageStore(directory: directory.path)
            let sha256 = upload.metadata.sha256
            try replace("\(directory.path)/objects/\(sha256.prefix(2))/\(sha256)")
            #expect(throws: StorageError.self) { try store.upload(upload.metadata.id) }
        }
        try replace("\(directory.path)/uploads/\(upload.metadata.id).json")
        let store = try FileImageStore(directory: directory.path)
        #expect(store.uploads(after: nil, limit: 10).isEmpty)
        #expect(try store.upload(upload.metadata.id) == nil)
        #expect(files.contents(atPath: outside).map(Array.init) == upload.bytes)
    }

    @Test("an object that is removed from a running store is reported as missing")
    func removedObject() throws {
        let store = try FileImageStore(directory: directory.path)
        #expect(try store.upload(upload.metadata.id) == upload)
        try FileManager.default.removeItem(atPath: "\(directory.path)/objects")
        #expect(try store.processed(.coco(144)) == nil)
        let error = #expect(throws: StorageError.self) { try store.upload(upload.metadata.id) }
        #expect(error?.code == .damaged)
        let failed = #expect(throws: StorageError.self) { try store.store(processed: processed) }
        #expect(failed?.code == .failed)
        #expect(directory.files(in: "temporary").isEmpty)
    }

    @Test("a full disk is reported as full, and leaves no files behind")
    func fullDisk() async throws {
        await #expect(processExitsWith: .success) { [path = directory.path as String] in
            // A limit on the file size stands in for a full disk: the write fails halfway.
            signal(SIGXFSZ, SIG_IGN)
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
            var limit = rlimit()
            getrlimit(resource, &limit)
            limit.rlim_cur = 50_000
            try #require(setrlimit(resource, &limit) == 0)
            let store = try FileImageStore(directory: path, quotaBytes: 200_000)
            for seed in 10..<20 {
                let error = #expect(throws: StorageError.self) {
                    try store.store(upload: .sample(seed: seed, count: 100_000))
                }
                #expect(error?.code == .full)
            }
            // If the failed calls kept their reservations, the quota would be used up.
            try store.store(upload: .sample(seed: 10, count: 49_000))
        }
        #expect(directory.files(in: "temporary").isEmpty)
        #expect(try FileImageStore(directory: directory.path).uploads(after: nil, limit: 10).count == 2)
    }

    @Test("kill -9 at any moment loses no acknowledged picture", arguments: [3, 10, 30, 100, 300])
    func kill(milliseconds: Int) async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = directory.path as String, milliseconds = milliseconds as Int] in
            let store = try FileImageStore(directory: path, quotaBytes: 4_000_000)
            let log = open("\(path)/log", O_WRONLY | O_APPEND | O_CREAT, 0o600)
            @Sendable func note(_ line: String) {
                let bytes = Array("\(line)\n".utf8)
                precondition(write(log, bytes, bytes.count) == bytes.count)
            }
            let first = StoredImage.sample(seed: 3)
            try store.store(upload: first)
            note("stored \(first.metadata.id)")
            Thread {
                usleep(UInt32(milliseconds) * 1000)
                raise(SIGKILL)
            }.start()
            onThreads(4) { thread in
                for number in 0... {
                    let image = StoredImage.sample(seed: 1000 + number * 4 + thread, count: 20_000)
                    guard (try? store.store(upload: image)) != nil else { break }
                    note("stored \(image.metadata.id)")
                    for id in [image.metadata.id, ImageID("\(number % 10)")].compactMap(\.self) {
                        try? store.store(processed: .sample(id, seed: number, count: 10_000))
                    }
                    guard number % 2 == 0 else { continue }
                    note("deleting \(image.metadata.id)")
                    guard (try? store.deleteUpload(image.metadata.id)) != nil else { break }
                    note("deleted \(image.metadata.id)")
                }
            }
            sleep(10)
        }

        let log = try String(contentsOf: URL(filePath: "\(directory.path)/log"), encoding: .utf8)
        var acknowledged: [ImageID: Substring] = [:]
        for line in log.split(separator: "\n") {
            let words = line.split(separator: " ")
            acknowledged[try #require(ImageID(String(words[1])))] = words[0]
        }
        #expect(!acknowledged.isEmpty)
        let store = try FileImageStore(directory: directory.path)
        #expect(store.warnings.isEmpty)
        #expect(directory.files(in: "temporary").isEmpty)
        for (id, state) in acknowledged {
            let image = try store.upload(id)
            #expect(image?.isWhole != false)
            if state == "stored" { #expect(image?.metadata.id == id) }
            if state == "deleted" { #expect(image == nil) }
        }
        for pointer in directory.files(in: "processed") {
            let id = try #require(ImageID(String(pointer.dropFirst("processed/".count).dropLast(".json".count))))
            #expect(try store.processed(id)?.isWhole == true)
        }
        let pointers = directory.files(in: "uploads").count + directory.files(in: "processed").count
        #expect(directory.files(in: "objects").count <= pointers)
    }
}

import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("the image store under load")
struct FileImageStoreStressTests {
    @Test("eight threads that share pictures in a store too small for them read only complete ones")
    func wholePictures() throws {
        let directory = try TemporaryDirectory(inMemory: true)
        // Room for about six of the twelve processed versions, so that evictions are constant.
        let store = try FileImageStore(directory: directory.path, quotaBytes: 200_000)
        expectWholePictures(in: [store], steps: 250)
        try expectConsistent(store, directory)
    }

    @Test("a processed version that is being written is deleted with its upload")
    func deletedWhileWriting() throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let store = try FileImageStore(directory: directory.path)
        let upload = StoredImage.sample(seed: 1)
        let processed = StoredImage.sample(upload.metadata.id, seed: 2, count: 2_000_000)
        for step in 0..<40 {
            try store.store(upload: upload)
            onThreads(2) { thread in
                if thread == 0 {
                    try? store.store(processed: processed)
                } else {
                    // With some of the delays, the upload is deleted during the write.
                    Thread.sleep(forTimeInterval: Double(step) * 0.000_05)
                    _ = try? store.deleteUpload(upload.metadata.id)
                }
            }
            #expect(store.uploadMetadata(upload.metadata.id) == nil)
            #expect(store.processedMetadata(upload.metadata.id) == nil)
        }
        try expectConsistent(store, directory)
    }

    @Test("random calls give the same results as a model made of two dictionaries", arguments: 0..<12 as Range<UInt64>)
    func agreesWithModel(seed: UInt64) throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let quota = 100_000
        var store = try FileImageStore(directory: directory.path, quotaBytes: quota)
        var generator = SeededGenerator(seed: seed)
        var uploads: [StoredImage] = []
        /// In order of last use.
        var processed: [StoredImage] = []
        func cost(_ images: [StoredImage]) -> Int {
            let objects = Dictionary(images.map { ($0.metadata.sha256, $0.bytes.count) }) { first, _ in first }
            return images.count * 4096 + objects.values.reduce(0) { $0 + ($1 + 4095) / 4096 * 4096 }
        }
        for _ in 0..<120 {
            let number = Int.random(in: 0..<6, using: &generator)
            let count = Int.random(in: 0..<20_000, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0:
                let image = StoredImage.sample(seed: number, count: number * 3000)
                let isNew = !uploads.contains(image)
                let fits = cost(uploads) + cost([image]) <= quota
                if isNew, !fits {
                    #expect(throws: StorageError.self) { try store.store(upload: image) }
                } else {
                    #expect(try store.store(upload: image) == isNew)
                    if isNew {
                        while cost(uploads + processed) + cost([image]) > quota { processed.removeFirst() }
                        uploads.append(image)
                    }
                }
            case 1:
                let id = StoredImage.sample(seed: number, count: number * 3000).metadata.id
                #expect(try store.deleteUpload(id) == uploads.contains { $0.metadata.id == id })
                if uploads.contains(where: { $0.metadata.id == id }) {
                    processed.removeAll { $0.metadata.id == id }
                    uploads.removeAll { $0.metadata.id == id }
                }
            case 2...4:
                let id = try uploads.randomElement(using: &generator)?.metadata.id ?? .coco(number)
                let image = StoredImage.sample(id, seed: number, count: count)
                guard cost(uploads) + cost([image]) <= quota else { continue }
                try store.store(processed: image)
                // Storing uses the version to be replaced first, so that it is the last one to be evicted.
                let old = processed.filter { $0.metadata.id == id }
                processed = processed.filter { $0.metadata.id != id } + old
                while cost(uploads + processed) + cost([image]) > quota { processed.removeFirst() }
                processed = processed.filter { $0.metadata.id != id } + [image]
            case 5...6:
                let id = try processed.randomElement(using: &generator)?.metadata.id ?? .coco(number)
                let expected = processed.first { $0.metadata.id == id }
                #expect(try store.processed(id) == expected)
                processed = processed.filter { $0.metadata.id != id } + [expected].compactMap(\.self)
            default:
                for image in uploads { #expect(try store.upload(image.metadata.id) == image) }
            }
            #expect(
                store.uploads(after: nil, limit: .max).map(\.id) == uploads.map(\.metadata.id).sorted()
            )
            #expect(directory.files(in: "processed").count == processed.count)
        }
        // Reading them in order of last use keeps that order.
        for image in processed { #expect(try store.processed(image.metadata.id) == image) }
        try expectConsistent(store, directory)

        store = try FileImageStore(directory: "\(directory.path)/other")
        store = try FileImageStore(directory: directory.path, quotaBytes: quota)
        for image in processed { #expect(try store.processed(image.metadata.id) == image) }
        for image in uploads { #expect(try store.upload(image.metadata.id) == image) }
    }

    /// Expects exactly the files that the store's contents require.
    private func expectConsistent(_ store: FileImageStore, _ directory: TemporaryDirectory) throws {
        #expect(directory.files(in: "temporary").isEmpty)
        var objects: Set<String> = []
        for upload in store.uploads(after: nil, limit: .max) {
            objects.insert(upload.sha256)
            #expect(try store.upload(upload.id)?.isWhole == true)
        }
        #expect(directory.files(in: "uploads").count == store.uploads(after: nil, limit: .max).count)
        for pointer in directory.files(in: "processed") {
            let id = try #require(ImageID(String(pointer.dropFirst("processed/".count).dropLast(".json".count))))
            let image = try #require(try store.processed(id))
            #expect(image.isWhole)
            #expect(!id.isUpload || store.uploadMetadata(id) != nil, "no processed version outlives its upload")
            objects.insert(image.metadata.sha256)
        }
        let files = directory.files(in: "objects").compactMap { $0.split(separator: "/").last.map(String.init) }
        #expect(Set(files) == objects)
    }
}

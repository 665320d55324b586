import Storage
import Synchronization
import TestSupport
import Testing

/// Stores, deletes and reads the same few pictures on eight threads, and expects that all pictures read are complete.
///
/// - Parameters:
///   - stores: One store, or several with the same pictures, which are distributed over the threads.
///   - steps: Number of calls that each thread makes.
func expectWholePictures(in stores: [any ImageStore], steps: Int) {
    let uploads = (0..<4).map { StoredImage.sample(seed: $0, count: 5000) }
    let reads = Atomic(0)
    let unexpected = Mutex<[String]>([])
    onThreads(8) { thread in
        var generator = SeededGenerator(seed: UInt64(thread))
        let store = stores[thread % stores.count]
        for step in 0..<steps {
            do {
                let upload = uploads[Int.random(in: 0..<4, using: &generator)]
                let number = Int.random(in: 0..<8, using: &generator)
                let coco = try #require(ImageID("\(number)"))
                let id = number < 4 ? upload.metadata.id : coco
                switch Int.random(in: 0..<10, using: &generator) {
                case 0: try store.store(upload: upload)
                case 1: try store.deleteUpload(upload.metadata.id)
                case 2...4:
                    let count = Int.random(in: 0..<30_000, using: &generator)
                    try store.store(processed: .sample(id, seed: step % 20, count: count))
                default:
                    for image in [try store.processed(id), try store.upload(id)].compactMap(\.self) {
                        reads.add(1, ordering: .relaxed)
                        guard image.isWhole, image.metadata.id == id else {
                            unexpected.withLock { $0.append("\(id) is not complete") }
                            continue
                        }
                    }
                }
            } catch let error as StorageError where error.code == .notFound || error.code == .full {
                // Expected: another thread has deleted the upload, or others have reserved the room.
            } catch {
                unexpected.withLock { $0.append("\(error)") }
            }
        }
    }
    #expect(unexpected.withLock { $0 } == [])
    #expect(reads.load(ordering: .relaxed) > 100)
}

import Storage
import Synchronization
import Testing

/// Has eight threads store, delete and read the same few pictures, and expects that they only ever see whole ones.
///
/// - Parameters:
///   - stores: One store, or several with the same pictures, which the threads share out.
///   - steps: How many calls each thread makes.
func expectWholePictures(in stores: [any ImageStore], steps: Int) {
    let uploads = (0..<4).map { StoredImage.sample(seed: $0, count: 5000) }
    let reads = Atomic(0)
    let unexpected = Mutex<[String]>([])
    onThreads(8) { thread in
        var generator = SplitMix64(state: UInt64(thread))
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
                            unexpected.withLock { $0.append("\(id) is not whole") }
                            continue
                        }
                    }
                }
            } catch let error as StorageError where error.code == .notFound || error.code == .full {
                // An upload that another thread deleted, and room that others have reserved.
            } catch {
                unexpected.withLock { $0.append("\(error)") }
            }
        }
    }
    #expect(unexpected.withLock { $0 } == [])
    #expect(reads.load(ordering: .relaxed) > 100)
}

import Foundation
import Storage
import Testing

/// A directory that goes with its owner; in memory where that is possible, so that the tests do not wait for a disk.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let memory = "/dev/shm"
        let parent =
            FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path()
        path = "\(parent)/storage-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, and the directories it is in.
    func write(_ name: String, _ bytes: [UInt8] = [1, 2, 3]) throws {
        let url = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// The paths of all files in a directory of this one, below this one.
    func files(in directory: String) -> [String] {
        let files = FileManager.default.enumerator(atPath: "\(path)/\(directory)")?.compactMap { $0 as? String } ?? []
        return files.map { "\(directory)/\($0)" }.filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\($0)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }
}

extension ImageID {
    /// A COCO id.
    static func coco(_ number: Int) throws -> ImageID { try #require(ImageID(String(number))) }
}

extension StoredImage {
    /// Bytes that another seed does not give; an upload unless it has an id.
    static func sample(_ id: ImageID? = nil, seed: Int, count: Int = 100) -> StoredImage {
        var generator = SplitMix64(state: UInt64(seed))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let created = Date(timeIntervalSince1970: 1_700_000_000)
        return StoredImage(id: id, bytes: bytes, format: "jpeg", width: 640, height: 480, created: created)
    }

    /// Whether the bytes are those that the metadata was made of.
    var isWhole: Bool {
        StoredImage(id: metadata.id, bytes: bytes, format: "", width: 0, height: 0).metadata.sha256 == metadata.sha256
    }
}

/// Steele, Lea and Flood's generator, so that a failing seed fails again.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Runs the body on so many threads at once and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread {
            body(index)
            group.leave()
        }.start()
    }
    group.wait()
}

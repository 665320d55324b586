import Foundation
import Inference
import YOLO

@testable import PyTorch

/// Fuzzes the construction of networks: changes bytes in the pickles of real checkpoints, and builds what they describe.
///
/// The first byte of the input selects the checkpoint; then each four bytes are a position and its new value.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNetwork(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    var (bytes, pickle) = checkpoints[Int(first) % checkpoints.count]
    for edit in stride(from: 1, to: count - 3, by: 4) {
        let position = Int(input[edit]) | Int(input[edit + 1]) << 8 | Int(input[edit + 2]) << 16
        bytes[pickle.lowerBound + position % pickle.count] = input[edit + 3]
    }
    let path = "/dev/shm/osprey-fuzz-\(getpid()).pt"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer {
        close(descriptor)
        unlink(path)
    }
    precondition(write(descriptor, bytes, bytes.count) == bytes.count)
    if let file = ModelFile(path: path) { _ = try? Network(file: file, runtime: runtime) }
    return 0
}

private let runtime: Runtime = {
    do { return try Runtime() } catch { fatalError("\(error)") }
}()

/// The committed checkpoints without checksums, and where their pickles are.
private let checkpoints: [(bytes: [UInt8], pickle: Range<Int>)] = {
    let folder = "Tests/Fixtures/ultralytics"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".pt") }.sorted().compactMap { name in
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
            let archive = try? ZipArchive([UInt8](data), maximumEntries: 1 << 16)
        else { return nil }
        var writer = ZipWriter()
        for entry in archive.entries.keys.sorted() {
            guard let contents = try? archive.contents(of: entry) else { return nil }
            writer.add(entry, [UInt8](data[contents]))
        }
        for index in writer.entries.indices { writer.entries[index].checksum = 0 }
        let bytes = writer.archive()
        guard let copy = try? ZipArchive(bytes, maximumEntries: 1 << 16),
            let pickle = copy.entries.first(where: { $0.key.hasSuffix("data.pkl") })
        else { return nil }
        return (bytes, pickle.value.range)
    }
}()

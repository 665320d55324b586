import CheckpointSupport
import Foundation
import PyTorch
import Testing

@Suite final class CheckpointFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "pytorch-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func code(_ path: String, limits: Checkpoint.Limits = .init()) -> PyTorchError.Code? {
        do throws(PyTorchError) {
            _ = try Checkpoint(path: path, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a checkpoint is read from a file")
    func read() throws {
        let path = folder.appending(path: "best.pt").path
        let bytes = CheckpointWriter.archive(.dictionary([("epoch", .int(3))]), folder: "best")
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
        #expect(try Checkpoint(path: path).root.dictionary?["epoch"]?.int == 3)

        var limits = Checkpoint.Limits()
        limits.maximumFileBytes = bytes.count
        #expect(code(path, limits: limits) == nil)
        limits.maximumFileBytes = bytes.count - 1
        #expect(code(path, limits: limits) == .tooLarge)
        #expect(failure(bytes, limits: limits)?.code == .tooLarge)
    }

    @Test("what is no file is refused at once")
    func noFile() {
        let pipe = folder.appending(path: "pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, folder.path, "/dev/zero", folder.appending(path: "missing").path, ""] {
            #expect(code(path) == .unreadable, "\(path)")
        }
    }

    @Test("an error says its code, its message and its cause")
    func errors() throws {
        let error = try #require(failure([]))
        #expect(error.description == "not_an_archive: \(error.message)")
        let wrapped = PyTorchError(.tooLarge, "too much", cause: error)
        #expect(wrapped.description == "too_large: too much (\(error))")
    }

    @Test("an empty file is no checkpoint")
    func empty() {
        let path = folder.appending(path: "empty.pt").path
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(code(path) == .notAnArchive)
    }

    @Test(
        "each limit is one",
        arguments: [
            \.maximumPickleBytes, \.maximumEntries, \.maximumValues, \.maximumDepth, \.maximumWalkedValues,
        ] as [any WritableKeyPath<Checkpoint.Limits, Int> & Sendable]
    )
    func limits(_ limit: any WritableKeyPath<Checkpoint.Limits, Int> & Sendable) {
        let bytes = CheckpointWriter.archive(.list([.list([.int(1)])]))
        var limits = Checkpoint.Limits()
        #expect(failure(bytes, limits: limits) == nil)
        limits[keyPath: limit] = 1
        #expect(failure(bytes, limits: limits)?.code == .tooLarge)
    }
}

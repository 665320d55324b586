import Foundation
import PyTorch
import TestSupport
import Testing

@Suite final class CheckpointFileTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
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
        let bytes = CheckpointWriter.archive(.dictionary([("epoch", .int(3))]), folder: "best")
        let path = try folder.write("best.pt", bytes)
        #expect(try Checkpoint(path: path).root.dictionary?["epoch"]?.int == 3)

        var limits = Checkpoint.Limits()
        limits.maximumFileBytes = bytes.count
        #expect(code(path, limits: limits) == nil)
        limits.maximumFileBytes = bytes.count - 1
        #expect(code(path, limits: limits) == .tooLarge)
        #expect(failure(bytes, limits: limits)?.code == .tooLarge)
    }

    @Test("a path that is not a regular file is rejected without blocking")
    func noFile() {
        let pipe = "\(folder.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, folder.path, "/dev/zero", "\(folder.path)/missing", ""] {
            #expect(code(path) == .unreadable, "\(path)")
        }
    }

    @Test("an error is described by its code, message and cause")
    func errors() throws {
        let error = try #require(failure([]))
        #expect(error.description == "not_an_archive: \(error.message)")
        let wrapped = PyTorchError(.tooLarge, "too much", cause: error)
        #expect(wrapped.description == "too_large: too much (\(error))")
    }

    @Test("an empty file is not a checkpoint")
    func empty() throws {
        #expect(code(try folder.write("empty.pt", [])) == .notAnArchive)
    }

    @Test(
        "each limit is enforced",
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

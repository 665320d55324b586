import Assets
import Crypto
import Foundation
import Synchronization
import Testing

@Suite struct DownloaderTests {
    private let content = (0..<256_000).map { UInt8(truncatingIfNeeded: $0) }

    /// Downloads a file to a folder of its own, which may have a part of it.
    ///
    /// - Returns: The names of the files there, and the first bytes that were asked for.
    private func download(
        _ fault: String,
        part: [UInt8]? = nil
    ) async throws -> (files: [String: [UInt8]], starts: [Int]) {
        let folder = URL.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        if let part { try Data(part).write(to: folder.appending(path: "file.bin.part")) }
        var starts: [Int] = []
        try await FileServer.run(content) { server in
            let file = RemoteFile(
                url: "http://127.0.0.1:\(server.port)/\(fault)/file.bin",
                byteCount: content.count,
                sha256: SHA256.hash(data: Data(content)).map { String(format: "%02x", $0) }.joined()
            )
            let downloader = Downloader(environment: [:]) { _, done, total in #expect(done <= total) }
            defer { starts = server.starts.withLock { $0 } }
            try await downloader.download(file, to: folder.appending(path: "file.bin").path())
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        let files = try names.map { ($0, [UInt8](try Data(contentsOf: folder.appending(path: $0)))) }
        return (Dictionary(uniqueKeysWithValues: files), starts)
    }

    @Test func aFileGetsItsNameWhenItsHashIsRight() async throws {
        #expect(try await download("well").files == ["file.bin": content])
    }

    @Test func anInterruptedDownloadGoesOnWhereItStopped() async throws {
        let (files, starts) = try await download("well", part: Array(content.prefix(5000)))
        #expect(files == ["file.bin": content])
        #expect(starts == [5000])
    }

    @Test func aBrokenConnectionIsTakenUpAgain() async throws {
        let (files, starts) = try await download("breaks-off")
        #expect(files == ["file.bin": content])
        #expect(starts.count >= 3 && starts == starts.sorted())
    }

    @Test func aServerWithoutRangesSendsEverythingAgain() async throws {
        let (files, starts) = try await download("no-ranges", part: [UInt8](repeating: 120, count: 5000))
        #expect(files == ["file.bin": content])
        #expect(starts == [5000])
    }

    @Test(arguments: [5000, 256_000, 256_001])
    func aPartOfOtherBytesIsThrownAway(count: Int) async throws {
        #expect(try await download("well", part: [UInt8](repeating: 120, count: count)).files == ["file.bin": content])
    }

    @Test(
        arguments: [
            ("other-bytes", "delivered other bytes"), ("longer", "more than 256000 bytes"), ("missing", "404"),
        ]
    )
    func whatIsNotTheFileNeverGetsItsName(fault: String, words: String) async throws {
        let error = await #expect(throws: AssetError.self) { try await download(fault) }
        #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "")")
    }

    @Test func aHostThatDoesNotAnswerIsNamed() async throws {
        let file = RemoteFile(url: "http://127.0.0.1:9/file.bin", byteCount: 1, sha256: "")
        let path = URL.temporaryDirectory.appending(path: UUID().uuidString).path()
        defer { try? FileManager.default.removeItem(atPath: "\(path).part") }
        let error = await #expect(throws: AssetError.self) {
            try await Downloader(environment: [:]) { _, _, _ in }.download(file, to: path)
        }
        #expect(error?.message == "127.0.0.1, or a server that it names, cannot be reached (Connection refused)")
    }
}

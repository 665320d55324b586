import Foundation
import Streams
import TestSupport
import Testing

@Suite struct EventHistoryTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open(quotaBytes: Int = 1 << 30) -> EventHistory {
        EventHistory(directory: directory.path, quotaBytes: quotaBytes)
    }

    @discardableResult
    private func add(
        _ history: EventHistory,
        at time: Double,
        stream: String = "front",
        picture: [UInt8]? = nil
    ) throws -> String {
        try history.append(at: time, of: stream, picture: picture) { Array(#"{"id":"\#($0)"}"#.utf8) }
    }

    private func ids(_ history: EventHistory, after id: String? = nil, limit: Int = 1000) -> [String] {
        ((try? history.events(of: "front", after: id, limit: limit)) ?? []).map(\.id)
    }

    @Test("ids are the time in microseconds, and increase even if the clock does not")
    func order() throws {
        let history = open()
        let added = try [10, 10, 9.5, 11].map { try add(history, at: $0) }
        #expect(added == ["0000000010000000", "0000000010000001", "0000000010000002", "0000000011000000"])
        #expect(ids(history) == added)
        #expect(ids(history, after: added[1]) == Array(added[2...]))
        #expect(ids(history, after: added[3]).isEmpty)
        #expect(ids(history, after: "0") == added)
        #expect(ids(history, limit: 2) == Array(added[2...]))
        #expect(ids(history, after: "0", limit: 2) == Array(added[..<2]))
    }

    @Test("events survive, except one that was not finished", arguments: [#"{"id":"00000000"#, #"{"id"#, "garbage"])
    func survival(rest: String) throws {
        let first = open()
        let added = try (0..<600).map { try add(first, at: 1 + Double($0), picture: $0 == 0 ? [1, 2] : nil) }
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/front").sorted()
        #expect(files.filter { $0.hasSuffix(".jsonl") }.count == 3)
        let last = try #require(files.last { $0.hasSuffix(".jsonl") })
        let file = try FileHandle(forWritingTo: URL(filePath: "\(directory.path)/front/\(last)"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(rest.utf8))
        try file.close()
        let second = open()
        #expect(ids(second) == added)
        let next = try add(second, at: 0)
        #expect(next > added[599])
        #expect(ids(second) == added + [next])
        #expect(second.picture(of: "front", id: added[0]) == [1, 2])
        #expect(second.picture(of: "front", id: added[1]) == nil)
    }

    @Test("the oldest events of all streams make room, with their pictures")
    func quota() throws {
        let history = open(quotaBytes: 600_000)
        let picture = [UInt8](repeating: 7, count: 1000)
        var added: [String] = []
        for index in 0..<600 {
            added.append(try add(history, at: 1 + Double(index), picture: picture))
            try add(history, at: 1.5 + Double(index), stream: "back", picture: picture)
        }
        let kept = ids(history)
        #expect(kept == Array(added.suffix(kept.count)))
        #expect((1..<300).contains(kept.count))
        #expect(history.picture(of: "front", id: added[0]) == nil)
        #expect(history.picture(of: "front", id: added[599]) == picture)
        var bytes = 0
        for case let url as URL in FileManager.default.enumerator(
            at: URL(filePath: directory.path),
            includingPropertiesForKeys: [.fileSizeKey]
        ) ?? .init() { bytes += try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0 }
        #expect(bytes < 620_000)
    }

    @Test("pictures are found only by ids", arguments: ["", "../front/x", "0000000001000000.jpg", "000000000100000x"])
    func ids(id: String) throws {
        let history = open()
        try add(history, at: 1, picture: [1])
        #expect(history.picture(of: "front", id: id) == nil)
    }

    @Test("files that are not the history's are left alone")
    func others() throws {
        for name in ["photo.jpg", "notes.jsonl", "12345.jpg", "0000000001000000.txt"] {
            try directory.write("front/\(name)", Array("no line".utf8))
        }
        let history = open()
        #expect(ids(history).isEmpty)
        try add(history, at: 1, picture: [1])
        history.remove("front")
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/front").sorted()
        #expect(left == ["0000000001000000.txt", "12345.jpg", "notes.jsonl", "photo.jpg"])
    }

    @Test("a removed stream has no events")
    func removal() throws {
        let history = open()
        try add(history, at: 1, picture: [1])
        history.remove("front")
        #expect(ids(history).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "\(directory.path)/front"))
        #expect(ids(open()).isEmpty)
    }

    @Test("those who wait for events may leave while some come", .timeLimit(.minutes(2)))
    func leaving() async throws {
        let history = open()
        try await withThrowingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    try add(history, at: 0)
                    await Task.yield()
                }
            }
            for _ in 0..<500 {
                await withTaskGroup { watchers in
                    watchers.addTask { for await _ in history.changes() {} }
                    watchers.addTask { try? await Task.sleep(for: .microseconds(200)) }
                    await watchers.next()
                    watchers.cancelAll()
                }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

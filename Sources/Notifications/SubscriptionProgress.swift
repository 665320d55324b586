internal import Foundation
internal import Synchronization

/// How far a subscription has come, kept in a file, so that it goes on there after the end of the process.
///
/// Calls block.
final class SubscriptionProgress: Sendable {
    private struct Contents: Codable, Equatable {
        /// Identity of the receiver; nil for any.
        var receiver: String?
        /// Id of the last event that was dealt with, by stream.
        var lastIDs: [String: String] = [:]
        /// Topics with retained messages, to be removed with their streams.
        var topics: Set<String> = []
    }

    private let path: String
    private let contents: Mutex<Contents>
    private let hasFile: Atomic<Bool>

    /// - Parameters:
    ///   - path: Path of the file; its folder is made if it is missing.
    ///   - destination: The receiver; what a file says about another one is ignored.
    /// - Throws: ``NotificationError`` if there is a file that cannot be read.
    init(_ path: String, of destination: Destination) throws(NotificationError) {
        self.path = path
        let receiver = destination.identity
        var read: Contents?
        do {
            read = try JSONDecoder().decode(Contents.self, from: try Data(contentsOf: URL(filePath: path)))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            read = nil
        } catch {
            throw NotificationError("\(path) cannot be read: delete it to go on with the events from now on: \(error)")
        }
        if let known = read?.receiver, known != receiver { read = nil }
        contents = Mutex(read ?? Contents(receiver: receiver))
        hasFile = Atomic(read != nil)
    }

    /// Whether nothing was noted yet.
    var isNew: Bool { !hasFile.load(ordering: .relaxed) }

    func lastID(of stream: String) -> String? { contents.withLock { $0.lastIDs[stream] } }

    var topics: Set<String> { contents.withLock(\.topics) }

    /// Notes that events were dealt with.
    ///
    /// - Parameter ids: Ids of the last ones, by stream.
    /// - Throws: An error of the file system; it is noted in any case until the end of the process.
    func note(lastIDs ids: [String: String]) throws {
        try change { $0.lastIDs.merge(ids) { _, new in new } }
    }

    /// Notes which topics have retained messages.
    ///
    /// - Throws: An error of the file system; it is noted in any case until the end of the process.
    func note(topics: Set<String>) throws {
        try change { $0.topics = topics }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    private func change(_ body: (inout Contents) -> Void) throws {
        try contents.withLock { contents in
            let old = contents
            body(&contents)
            guard contents != old || isNew else { return }
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let url = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try encoder.encode(contents).write(to: url, options: .atomic)
            hasFile.store(true, ordering: .relaxed)
        }
    }
}

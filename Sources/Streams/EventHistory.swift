internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// The last events of all streams on disk, with pictures.
///
/// A stream's events are lines of JSON in segments, which are files named by their first event's id; its pictures lie beside
/// them. An event that was reported is on disk and survives the end of the process. When everything together exceeds the
/// quota, the oldest segments are removed.
///
/// Calls block.
package final class EventHistory: Sendable {
    fileprivate struct Segment {
        var id: String
        var bytes: Int
        var count: Int
    }

    fileprivate struct State {
        /// Oldest first, by stream.
        var segments: [String: [Segment]] = [:]
        var lastIDs: [String: Int64] = [:]
        var bytes = 0
        /// Ids of the last events that the quota removed, by stream.
        var lastRemovedIDs: [String: String] = [:]
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastWatcher = 0
    }

    private static let eventsPerSegment = 256
    /// Digits of an id: microseconds until the year 2286.
    private static let digits = 16

    private let directory: String
    private let quotaBytes: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - directory: Directory of the history; created with the first event.
    ///   - quotaBytes: Maximum number of bytes of all streams.
    package init(directory: String, quotaBytes: Int) {
        self.directory = directory
        self.quotaBytes = quotaBytes
        let streams = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        state.withLock { state in
            for stream in streams where DocumentName(stream) != nil { state.scan(stream, in: "\(directory)/\(stream)") }
        }
    }

    /// Writes an event.
    ///
    /// - Parameters:
    ///   - time: Time of the event in seconds since 1970.
    ///   - stream: Name of the stream.
    ///   - picture: A JPEG; nil for none.
    ///   - event: Returns the event's line for its id.
    /// - Returns: The event's id.
    /// - Throws: ``StreamError`` if it cannot be written.
    package func append(
        at time: Double,
        of stream: String,
        picture: [UInt8]?,
        _ event: (_ id: String) throws -> [UInt8]
    ) throws -> String {
        let (id, watchers) = try state.withLock { state in
            let number = max(Int64(max(0, time) * 1e6), (state.lastIDs[stream] ?? 0) + 1)
            let id = Self.text(number)
            let line = try event(id) + [UInt8(ascii: "\n")]
            let folder = "\(directory)/\(stream)"
            try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var segments = state.segments[stream] ?? []
            if segments.last.map({ $0.count >= Self.eventsPerSegment }) ?? true {
                segments.append(Segment(id: id, bytes: 0, count: 0))
            }
            // First the picture, so that no event names one that is missing.
            if let picture { try write(picture, to: "\(folder)/\(id).jpg", flags: O_TRUNC) }
            try write(line, to: "\(folder)/\(segments[segments.count - 1].id).jsonl", flags: O_APPEND)
            let bytes = line.count + (picture?.count ?? 0)
            segments[segments.count - 1].bytes += bytes
            segments[segments.count - 1].count += 1
            state.segments[stream] = segments
            state.lastIDs[stream] = number
            state.bytes += bytes
            prune(&state)
            return (id, Array(state.watchers.values))
        }
        // Outside of the lock: one that is cancelled waits for it in the handler of its task, which keeps the task's own.
        for watcher in watchers { watcher.yield() }
        return id
    }

    /// Ids of the last events, by stream.
    package var lastIDs: [String: String] { state.withLock { $0.lastIDs.mapValues(Self.text) } }

    /// Whether the quota has removed events of a stream that came after an id.
    package func hasRemovedEvents(of stream: String, after id: String) -> Bool {
        state.withLock { $0.lastRemovedIDs[stream] ?? "" > id }
    }

    /// Announces new events of any stream, several at a time to those who are slow.
    package func changes() -> AsyncStream<Void> {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = continuation
            return state.lastWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: number) }
        }
        return changes
    }

    /// Returns the lines of events.
    ///
    /// - Parameters:
    ///   - stream: Name of the stream.
    ///   - id: Only events after this one; nil for the last ones.
    ///   - limit: Maximum number of events.
    /// - Returns: Lines without their ends, with their ids, oldest first.
    /// - Throws: ``StreamError`` if they cannot be read.
    package func events(
        of stream: String,
        after id: String?,
        limit: Int
    ) throws(StreamError) -> [(id: String, line: [UInt8])] {
        let segments = state.withLock { $0.segments[stream] ?? [] }
        var found: [(id: String, line: [UInt8])] = []
        // Segments that end before the id are not read.
        let first = id.flatMap { id in segments.lastIndex { $0.id <= id } } ?? 0
        for segment in id == nil ? Array(segments.reversed()) : Array(segments[first...]) {
            let lines = try Self.lines(of: "\(directory)/\(stream)/\(segment.id).jsonl").filter { line in
                id.map { line.id > $0 } ?? true
            }
            if id == nil { found = lines + found } else { found += lines }
            if found.count >= limit { break }
        }
        return Array(id == nil ? found.suffix(limit) : found.prefix(limit))
    }

    /// Returns the picture of an event, a JPEG; nil if there is none.
    package func picture(of stream: String, id: String) -> [UInt8]? {
        guard id.utf8.count == Self.digits, Int64(id) != nil else { return nil }
        return (try? Data(contentsOf: URL(filePath: "\(directory)/\(stream)/\(id).jpg"))).map { [UInt8]($0) }
    }

    /// Removes a stream's events.
    package func remove(_ stream: String) {
        state.withLock { state in
            for segment in state.segments.removeValue(forKey: stream) ?? [] { state.bytes -= segment.bytes }
            (state.lastRemovedIDs[stream], state.lastIDs[stream]) = (nil, nil)
            let folder = "\(directory)/\(stream)"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names where Self.id(ofFile: name) != nil { unlink("\(folder)/\(name)") }
            // Stays if it holds something else.
            rmdir(folder)
        }
    }

    private func prune(_ state: inout State) {
        while state.bytes > quotaBytes {
            // Of all streams, the oldest; the newest segment of each is kept until others are gone.
            let oldest = state.segments.compactMap { stream, segments in segments.first.map { (stream, $0) } }
                .min { $0.1.id < $1.1.id }
            guard let (stream, segment) = oldest, let count = state.segments[stream]?.count,
                count > 1 || state.segments.values.reduce(0, { $0 + $1.count }) > 1
            else { return }
            state.segments[stream]?.removeFirst()
            state.bytes -= segment.bytes
            let folder = "\(directory)/\(stream)"
            let path = "\(folder)/\(segment.id).jsonl"
            for (id, _) in (try? Self.lines(of: path)) ?? [] {
                unlink("\(folder)/\(id).jpg")
                state.lastRemovedIDs[stream] = id
            }
            unlink(path)
        }
    }

    /// The id in the name of a file of the history; nil for other files, which are left alone.
    fileprivate static func id(ofFile name: String) -> String? {
        guard let dot = name.firstIndex(of: "."), [".jpg", ".jsonl"].contains(name[dot...]) else { return nil }
        let id = name[..<dot]
        let isID =
            id.utf8.count == digits && id.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isID ? String(id) : nil
    }

    /// Reads a segment; one that was removed meanwhile is empty.
    fileprivate static func lines(of path: String) throws(StreamError) -> [(id: String, line: [UInt8])] {
        struct Event: Decodable { var id: String }

        let bytes = try bytes(of: path)
        // The rest after the last line is an event that was not finished.
        let complete = bytes.lastIndex(of: UInt8(ascii: "\n")).map { bytes[..<$0] } ?? []
        return complete.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? JSONDecoder().decode(Event.self, from: Data(line))).map { ($0.id, Array(line)) }
        }
    }

    private static func bytes(of path: String) throws(StreamError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return []
        } catch {
            throw StreamError("\(path) cannot be read: \(error)")
        }
    }

    private static func text(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, Self.digits - digits.count)) + digits
    }

    private func write(_ bytes: [UInt8], to path: String, flags: CInt) throws {
        func failure() -> StreamError { StreamError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0o640)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        let end = lseek(file, 0, SEEK_END)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                let error = failure()
                // No half line, to which the next one would be added.
                _ = ftruncate(file, end)
                throw error
            }
            rest = rest.dropFirst(max(0, count))
        }
    }
}

extension EventHistory.State {
    /// Counts what a stream has on disk, and removes an unfinished line.
    fileprivate mutating func scan(_ stream: String, in folder: String) {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            .filter { EventHistory.id(ofFile: $0) != nil }
        func size(_ path: String) -> Int {
            var status = stat()
            return lstat(path, &status) == 0 ? Int(status.st_size) : 0
        }
        var found: [EventHistory.Segment] = []
        var last: Int64 = 0
        var known: Set<String> = []
        for name in names where name.hasSuffix(".jsonl") {
            let path = "\(folder)/\(name)"
            let lines = (try? EventHistory.lines(of: path)) ?? []
            let contents = (try? Data(contentsOf: URL(filePath: path))) ?? Data()
            let whole = contents.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            if contents.count > whole { truncate(path, off_t(whole)) }
            known.formUnion(lines.map { "\($0.id).jpg" })
            let pictures = lines.reduce(0) { $0 + size("\(folder)/\($1.id).jpg") }
            found.append(
                EventHistory.Segment(id: String(name.dropLast(6)), bytes: whole + pictures, count: lines.count)
            )
            bytes += whole + pictures
            last = max(last, lines.last.flatMap { Int64($0.id) } ?? 0)
        }
        // A picture whose event was not written any more.
        for name in names where name.hasSuffix(".jpg") && !known.contains(name) { unlink("\(folder)/\(name)") }
        guard !found.isEmpty else { return }
        segments[stream] = found
        lastIDs[stream] = last
    }
}

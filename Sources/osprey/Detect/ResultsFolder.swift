internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import JSONSchema

/// A folder of results: one line per picture, written as soon as it is known, and the drawn pictures and videos.
///
/// A killed run leaves complete results except for the last line, which the next run removes if it is incomplete.
final class ResultsFolder {
    private let path: String
    private let journalPath: String
    private let journal: Int32
    private let shard: Shard?
    /// Names, as UTF-8 bytes, of the pictures and videos that had all their results at the start.
    private let done: Set<[UInt8]>
    /// The last pictures of videos, by name, that had some of theirs.
    private let begun: [[UInt8]: VideoRun.Position]

    /// Opens a folder; creates it if necessary.
    ///
    /// - Parameters:
    ///   - path: Path of the folder.
    ///   - shard: The run's share of the pictures, if other runs write to the same folder.
    ///   - settings: The run's settings as JSON; all results of a folder share them.
    ///   - resumes: Whether to continue after existing results, which are otherwise an error.
    /// - Throws: ``CommandError`` if the folder cannot be used.
    init(path: String, shard: Shard?, settings: [UInt8], resumes: Bool) throws {
        self.path = path
        self.shard = shard
        let name = shard.map { "detections.\($0.name).jsonl" } ?? "detections.jsonl"
        journalPath = "\(path)/\(name)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ResultsFile.failure(path, Self.number(of: error))
        }
        journal = open(journalPath, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard journal >= 0 else { throw ResultsFile.failure(journalPath, errno) }
        do {
            guard flock(journal, LOCK_EX | LOCK_NB) == 0 else {
                throw CommandError(
                    "Another run is writing to \(journalPath): wait until it ends, or choose another --output.",
                    exitCode: .temporaryFailure
                )
            }
            guard resumes || lseek(journal, 0, SEEK_END) == 0 else {
                throw CommandError("\(path) already has results: continue with --resume, or choose another --output.")
            }
            try ResultsFile.agree(on: settings, in: "\(path)/settings.json")
            (done, begun) = try Self.finish(journal, at: journalPath)
        } catch {
            close(journal)
            throw error
        }
    }

    deinit { close(journal) }

    /// Number of pictures that had results at the start.
    var doneCount: Int { done.count }

    /// Whether a picture had results at the start.
    func has(_ picture: PictureList.Picture) -> Bool { done.contains(Array(picture.name.utf8)) }

    /// Where a video with some results continues; nil if it has none.
    func position(in video: PictureList.Picture) -> VideoRun.Position? { begun[Array(video.name.utf8)] }

    /// The results of a video, in order.
    ///
    /// - Returns: A function that returns the next one, nil after the last. It throws ``CommandError`` if a line is
    ///   invalid.
    /// - Throws: ``CommandError`` if the results cannot be read.
    func records(of video: PictureList.Picture) throws -> () throws -> PictureRecord? {
        let lines = try ResultLines(journalPath)
        // A line begins with the file's name, so that those of others need not be parsed.
        var beginning = JSONWriter()
        beginning.string(video.name)
        let prefix = Array("{\"file\":".utf8) + beginning.bytes
        return { [journalPath] in
            while let line = try lines.next() {
                if line.starts(with: prefix) { return try Self.record(line, lines.number, of: journalPath) }
            }
            return nil
        }
    }

    /// Path of a video with the detections drawn.
    func drawnPath(of video: PictureList.Picture) -> String {
        let part = shard.map { ".\($0.name)" } ?? ""
        let isNamed = video.name.lowercased().hasSuffix(".mp4") && shard == nil
        return "\(path)/videos/\(video.name)\(part)\(isNamed ? "" : ".mp4")"
    }

    /// Adds a picture's line, completely or not at all.
    ///
    /// - Throws: ``CommandError`` if it cannot be written, for example because the disk is full.
    func append(_ record: PictureRecord) throws {
        let end = lseek(journal, 0, SEEK_END)
        do {
            try ResultsFile.write(record.json() + [UInt8(ascii: "\n")], to: journal, at: journalPath)
        } catch {
            _ = ftruncate(journal, end)
            throw error
        }
    }

    /// Writes a drawn picture, completely or not at all; may be called from any thread.
    ///
    /// - Throws: ``CommandError`` if it cannot be written, for example because the disk is full.
    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ResultsFile.failure(path, number(of: error))
        }
    }

    /// Writes all results in another format as well.
    ///
    /// - Returns: Path of the file or folder with them.
    /// - Throws: ``CommandError`` if a line is invalid or a file cannot be written.
    func export(as format: ResultFormat, labels: [String], hasVideos: Bool) throws -> String {
        if format == .yolo { return try exportLabels() }
        if format == .mot { return try exportMOT() }
        guard let ending = format.fileEnding, format != .jsonl else { return journalPath }
        let file = "\(path)/detections.\(shard.map { "\($0.name)." } ?? "")\(ending)"
        try ResultsFile.replace(file) { output in
            var writer = ResultWriter(format, labels: labels, hasVideos: hasVideos)
            try output(writer.beginning())
            try ResultsFile.forEachLine(of: journalPath) { number, line in
                try output(writer.add(try Self.record(line, number, of: journalPath)))
            }
            try output(writer.end())
        }
        return file
    }

    private func exportLabels() throws -> String {
        var names: Set<[UInt8]> = []
        try ResultsFile.forEachLine(of: journalPath) { number, line in
            let record = try Self.record(line, number, of: journalPath)
            var parts = record.file.split(separator: "/", omittingEmptySubsequences: false)
            if let dot = parts.last?.lastIndex(of: "."), let last = parts.last, dot > last.startIndex {
                parts[parts.count - 1] = last[..<dot]
            }
            // Of several pictures that differ only in their extensions, the first gets the short name.
            var name = parts.joined(separator: "/")
            if let frame = record.frame { name += "_\(frame + 1)" }
            if !names.insert(Array(name.utf8)).inserted { name = record.file }
            try Self.write(ResultWriter.yoloLabels(of: record), to: "\(path)/labels/\(name).txt")
        }
        return "\(path)/labels"
    }

    private func exportMOT() throws -> String {
        var outputs: [String: [UInt8]] = [:]
        func flush(_ name: String) throws {
            guard let rows = outputs.removeValue(forKey: name) else { return }
            try Self.write(rows, to: "\(path)/mot/\(name)\(shard.map { ".\($0.name)" } ?? "").txt")
        }
        try ResultsFile.forEachLine(of: journalPath) { number, line in
            let record = try Self.record(line, number, of: journalPath)
            guard record.frame != nil else { return }
            outputs[record.file, default: []] += ResultWriter.motRows(of: record)
            if record.isLast == true { try flush(record.file) }
        }
        for name in outputs.keys.sorted() { try flush(name) }
        return "\(path)/mot"
    }

    /// Removes an incomplete last line.
    ///
    /// - Returns: Names, as UTF-8 bytes, of the pictures and videos that have all their lines, and the last pictures of
    ///   the videos that have some.
    private static func finish(
        _ journal: Int32,
        at path: String
    ) throws -> (done: Set<[UInt8]>, begun: [[UInt8]: VideoRun.Position]) {
        struct Name: Decodable {
            var file: String
            var frame: Int?
            var time: Double?
            var last: Bool?
        }

        var names: Set<[UInt8]> = []
        var begun: [[UInt8]: VideoRun.Position] = [:]
        var end = 0
        let rest = try ResultsFile.forEachLine(of: path) { number, line in
            guard let name = try? JSONDecoder().decode(Name.self, from: Data(line)) else {
                throw unreadable(number, of: path)
            }
            let file = Array(name.file.utf8)
            if let frame = name.frame, name.last != true {
                begun[file] = VideoRun.Position(frame: frame, time: name.time ?? 0)
            } else {
                begun[file] = nil
                names.insert(file)
            }
            end += line.count + 1
        }
        let beginning = Array("{\"file\":".utf8)
        guard rest.starts(with: beginning) || beginning.starts(with: rest) else { throw unreadable(nil, of: path) }
        guard rest.isEmpty || ftruncate(journal, off_t(end)) == 0 else { throw ResultsFile.failure(path, errno) }
        return (names, begun)
    }

    private static func record(_ line: ArraySlice<UInt8>, _ number: Int, of path: String) throws -> PictureRecord {
        guard let record = try? PictureRecord(json: line) else { throw unreadable(number, of: path) }
        return record
    }

    private static func unreadable(_ number: Int?, of path: String) -> CommandError {
        let line = number.map { "Line \($0)" } ?? "The last line"
        return CommandError("\(line) of \(path) is not a result: move the file away, or correct the line.")
    }

    private static func number(of error: any Error) -> Int32 {
        ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue ?? EIO
    }
}

extension ExitCode {
    /// `EX_IOERR` of sysexits.h: results cannot be written.
    static let cannotWrite = ExitCode(74)
    /// `EX_TEMPFAIL` of sysexits.h: a later attempt may succeed.
    static let temporaryFailure = ExitCode(75)
}

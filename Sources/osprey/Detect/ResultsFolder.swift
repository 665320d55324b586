internal import FoundationEssentials
internal import Glibc

/// A folder of results: a line for each picture, written as soon as it is known, and the drawn pictures.
///
/// What a run that was killed has left is whole but for the last line, which the next one takes away.
final class ResultsFolder {
    /// Names of the pictures whose results were there at the start.
    let done: Set<String>

    private let path: String
    private let journalPath: String
    private let journal: Int32
    private let shard: Shard?

    /// Opens a folder, and makes it where there is none.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - shard: Whose results these are, where others write theirs beside them.
    ///   - settings: What results depend on, as lines of JSON; all of a folder have the same.
    ///   - resumes: Whether to go on where results end, which are in the way otherwise.
    /// - Throws: ``CommandError``.
    init(path: String, shard: Shard?, settings: [UInt8], resumes: Bool) throws {
        self.path = path
        self.shard = shard
        let name = shard.map { "detections.\($0.name).jsonl" } ?? "detections.jsonl"
        journalPath = "\(path)/\(name)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw CommandError("The folder \(path) cannot be made: \(Self.reason(error)).")
        }
        journal = open(journalPath, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard journal >= 0 else { throw CommandError("\(journalPath) cannot be written: \(Self.reason()).") }
        do {
            guard flock(journal, LOCK_EX | LOCK_NB) == 0 else {
                throw CommandError("Another run writes to \(journalPath): wait for its end, or name another --output.")
            }
            let bytes = try Self.read(journalPath)
            guard resumes || bytes.isEmpty else {
                throw CommandError("\(path) has results already: go on with --resume, or name another --output.")
            }
            try Self.agree(on: settings, in: "\(path)/settings.json")
            let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard ftruncate(journal, off_t(whole)) == 0 else {
                throw CommandError("\(journalPath) cannot be written: \(Self.reason()).")
            }
            done = Set(try Self.records(in: bytes[..<whole], of: journalPath).map(\.file))
        } catch {
            close(journal)
            throw error
        }
    }

    deinit { close(journal) }

    /// Adds a picture's line, whole or not at all.
    ///
    /// - Throws: ``CommandError``, as where the disk is full.
    func append(_ record: PictureRecord) throws {
        let line = record.json + [UInt8(ascii: "\n")]
        let end = lseek(journal, 0, SEEK_END)
        guard Glibc.write(journal, line, line.count) == line.count else {
            let reason = Self.reason()
            _ = ftruncate(journal, end)
            throw CommandError("\(journalPath) cannot be written: \(reason). Then go on with --resume.")
        }
    }

    /// Writes a drawn picture, whole or not at all; may be called from any thread.
    ///
    /// - Throws: ``CommandError``, as where the disk is full.
    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandError("\(path) cannot be written: \(reason(error)). Then go on with --resume.")
        }
    }

    /// Writes all results in another form beside the lines.
    ///
    /// - Returns: Where they are.
    /// - Throws: ``CommandError``.
    func export(as format: ResultFormat, labels: [String], ids: [String: Int]) throws -> String {
        let records = try Self.records(in: try Self.read(journalPath)[...], of: journalPath)
        if format == .yolo {
            for record in records {
                let name = record.file.split(separator: ".").dropLast().joined(separator: ".")
                let file = "\(path)/labels/\(name.isEmpty ? record.file : name).txt"
                try Self.write(ResultWriter.yoloLabels(of: record), to: file)
            }
            return "\(path)/labels"
        }
        guard let ending = format.fileEnding, format != .jsonl else { return journalPath }
        var writer = ResultWriter(format, labels: labels, ids: ids)
        var bytes = writer.beginning()
        for record in records { bytes += writer.add(record) }
        bytes += writer.end()
        let file = "\(path)/detections.\(shard.map { "\($0.name)." } ?? "")\(ending)"
        try Self.write(bytes, to: file)
        return file
    }

    /// Keeps what the results depend on, or compares it with what is kept.
    private static func agree(on settings: [UInt8], in file: String) throws {
        guard FileManager.default.fileExists(atPath: file) else { return try write(settings, to: file) }
        guard try read(file) == settings else {
            throw CommandError(
                "The results there were made with another model or other options, which \(file) tells: "
                    + "use the same, or name another --output."
            )
        }
    }

    private static func records(in lines: ArraySlice<UInt8>, of file: String) throws -> [PictureRecord] {
        try lines.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            do {
                return try PictureRecord(json: line)
            } catch {
                throw CommandError("Line \(index + 1) of \(file) is no result: move the file away, or mend the line.")
            }
        }
    }

    private static func read(_ file: String) throws -> [UInt8] {
        do throws(PictureFile.Failure) {
            return try PictureFile.read(file, maximumBytes: .max - 1)
        } catch {
            throw CommandError("\(file) cannot be read: \(error.reason).")
        }
    }

    private static func reason() -> String { reason(number: errno) }

    private static func reason(_ error: any Error) -> String {
        guard let number = ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue else { return "\(error)" }
        return reason(number: number)
    }

    private static func reason(number: Int32) -> String {
        switch number {
        case ENOSPC, EDQUOT: "the disk is full, free some space"
        default: String(cString: strerror(number))
        }
    }
}

internal import Basics
internal import DetectionPipeline
internal import Glibc
internal import JSONSchema

/// Where the results of `osprey detect` go: to standard output or a folder, with progress and errors beside them.
final class ResultOutput {
    private let folder: ResultsFolder?
    private let format: ResultFormat
    private let labels: [String]
    private let hasVideos: Bool
    private let isQuiet: Bool
    private var writer: ResultWriter
    private var progress: ProgressBar?
    private var tally = Tally()

    /// - Parameters:
    ///   - format: Format of the results.
    ///   - folder: Receives the results; nil prints them.
    ///   - labels: Class names by id.
    ///   - hasVideos: Whether there are results of videos.
    ///   - isQuiet: Whether only results and errors are written.
    /// - Throws: ``CommandError`` if the beginning cannot be printed.
    init(_ format: ResultFormat, into folder: ResultsFolder?, labels: [String], hasVideos: Bool, isQuiet: Bool) throws {
        self.folder = folder
        self.format = format
        self.labels = labels
        self.hasVideos = hasVideos
        self.isQuiet = isQuiet
        writer = ResultWriter(format, labels: labels, hasVideos: hasVideos)
        if folder == nil { try Self.print(writer.beginning()) }
    }

    /// Shows the progress of an activity.
    ///
    /// - Parameters:
    ///   - title: Name of the activity.
    ///   - total: Number of steps; nil if it is not known.
    ///   - unit: Name of the steps.
    func begin(_ title: String, total: Int?, unit: String) {
        // On a terminal, the printed results show the progress themselves.
        let isSilent = isQuiet || (folder == nil && isatty(STDOUT_FILENO) == 1)
        progress = isSilent ? nil : ProgressBar(title, total: total, unit: unit)
    }

    /// Shows that steps were finished.
    func update(_ done: Int) { progress?.update(done) }

    /// Erases the progress, because the activity failed.
    func clear() { progress?.clear() }

    /// Writes the result of a picture.
    ///
    /// - Throws: ``CommandError`` if it cannot be written.
    func add(_ record: PictureRecord) throws {
        tally.add(record)
        if let folder { try folder.append(record) } else { try Self.print(writer.add(record)) }
    }

    /// Reports a file that cannot be read.
    func fail(_ path: String, _ reason: String) {
        tally.failures += 1
        clear()
        let reason = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
        TerminalStyle.error.write("Error: \(path.printable()): \(reason).\n")
    }

    /// Counts a video whose results are complete.
    func finishVideo() { tally.videos += 1 }

    /// Writes what comes after the last result, and a summary.
    ///
    /// - Returns: Whether every file could be read.
    /// - Throws: ``CommandError`` if it cannot be written.
    func finish() throws -> Bool {
        var place = ""
        if let folder {
            place = "; results in \(try folder.export(as: format, labels: labels, hasVideos: hasVideos))"
        } else {
            try Self.print(writer.end())
        }
        if !isQuiet { writeToStandardError(Array("\(tally.text(skipped: folder?.doneCount ?? 0))\(place)\n".utf8)) }
        return tally.failures == 0
    }

    private static func print(_ bytes: [UInt8]) throws {
        try ResultsFile.write(bytes, to: STDOUT_FILENO, at: ResultsFile.standardOutput)
    }
}

/// Counts of a run.
private struct Tally {
    var videos = 0
    var failures = 0
    private var pictures = 0
    private var frames = 0
    private var objects = 0
    /// Highest number of an object in each video.
    private var tracks: [String: Int] = [:]
    private let start = ContinuousClock.now

    mutating func add(_ record: PictureRecord) {
        guard record.frame != nil else {
            pictures += 1
            objects += record.objects.count
            return
        }
        frames += 1
        let last = record.objects.compactMap(\.track).max() ?? 0
        tracks[record.file] = max(tracks[record.file] ?? 0, last)
    }

    func text(skipped: Int) -> String {
        let isIdle = skipped > 0 && pictures + frames + failures == 0
        var parts = [isIdle ? "Nothing is left to do" : work]
        if failures > 0 { parts.append("\(failures.grouped) unreadable") }
        if skipped > 0 { parts.append("\(skipped.grouped) already done") }
        return parts.joined(separator: "; ")
    }

    /// What was processed, and how fast.
    private var work: String {
        func counted(_ count: Int, _ noun: String) -> String { "\(count.grouped) \(noun)\(count == 1 ? "" : "s")" }
        let seconds = max(0.001, (ContinuousClock.now - start) / .seconds(1))
        var counts: [String] = []
        if pictures > 0 || frames == 0 { counts += [counted(pictures, "picture"), counted(objects, "object")] }
        if frames > 0 {
            counts += [counted(videos, "video"), counted(frames, "frame")]
            counts.append(counted(tracks.values.reduce(0, +), "followed object"))
        }
        let rate = ((Double(pictures + frames) / seconds) * 10).rounded() / 10
        return "\(counts.joined(separator: ", ")), \(rate) \(pictures == 0 && frames > 0 ? "frames" : "pictures")/s"
    }
}

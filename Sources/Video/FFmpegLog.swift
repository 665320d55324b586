internal import Basics

/// What ffmpeg writes to its standard error, line by line.
///
/// The filter `showinfo` logs each picture before it is written, with its time and size, which raw pictures do not have.
package struct FFmpegLog {
    /// A picture that comes next.
    package struct Picture: Equatable, Sendable {
        /// Time in seconds since the source's start; nil if it has none.
        package var time: Double?
        /// Width in pixels before scaling.
        package var width: Int
        /// Height in pixels before scaling.
        package var height: Int

        package init(time: Double?, width: Int, height: Int) {
            self.time = time
            self.width = width
            self.height = height
        }
    }

    private static let maximumLineBytes = 4096
    private static let maximumErrors = 5

    /// The pictures whose lines have come, oldest first.
    package private(set) var pictures: [Picture] = []
    /// The last errors, without repetitions.
    package private(set) var errors: [String] = []
    private var line: [UInt8] = []

    package init() {}

    /// Adds bytes of the log.
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                read(String(decoding: line, as: UTF8.self))
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.maximumLineBytes {
                line.append(byte)
            }
        }
    }

    /// Takes the next picture.
    package mutating func nextPicture() -> Picture? { pictures.isEmpty ? nil : pictures.removeFirst() }

    private mutating func read(_ line: String) {
        if line.hasPrefix("[Parsed_showinfo_") {
            if let picture = Self.picture(line) { pictures.append(picture) }
        } else if line.contains("[error] ") || line.contains("[fatal] ") {
            let error = Self.message(line)
            guard !error.isEmpty, !errors.contains(error) else { return }
            if errors.count == Self.maximumErrors { errors.removeFirst() }
            errors.append(error)
        }
    }

    /// The text of a line, without the part of ffmpeg that it comes from.
    static func message(_ line: String) -> String {
        let marks = ["[error] ", "[fatal] "].compactMap { line.firstRange(of: $0)?.upperBound }
        var rest = line[(marks.min() ?? line.startIndex)...]
        if rest.hasPrefix("["), let end = rest.firstRange(of: "] ") { rest = rest[end.upperBound...] }
        return rest.trimming().printable(limit: 300)
    }

    /// Reads a line of `showinfo`: `… n:   3 pts:   1536 pts_time:0.1     pos: … s:1280x720 …`.
    private static func picture(_ line: String) -> Picture? {
        var time: Double??
        for field in line.split(separator: " ") {
            if field.hasPrefix("pts_time:") {
                time = .some(Double(field.dropFirst(9)))
            } else if field.hasPrefix("s:"), let time {
                let sides = field.dropFirst(2).split(separator: "x").map { Int($0) }
                guard sides.count == 2, let width = sides[0], let height = sides[1], width > 0, height > 0 else {
                    return nil
                }
                return Picture(time: time.flatMap { $0.isFinite ? $0 : nil }, width: width, height: height)
            }
        }
        return nil
    }
}

extension Substring {
    fileprivate func trimming() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

internal import FoundationEssentials
internal import Glibc
internal import Imaging
internal import Video

/// The pictures and videos that a command's arguments name, in an order that depends only on their paths.
package struct PictureList {
    /// A picture or video to process.
    package struct Picture: Sendable {
        /// Name in the results, unique in the list.
        package var name: String
        /// Path of the file; `-` is standard input.
        package var path: String
        /// Whether its pictures move.
        package var isVideo = false

        /// Whether it is a camera, whose pictures do not end.
        var isEndless: Bool { (try? VideoSource(address: path))?.isEndless ?? false }

        /// The path without what may be secret.
        var shownPath: String { VideoSource.description(of: path) }
    }

    /// The pictures and videos, with unique names.
    package let pictures: [Picture]

    /// Finds the pictures.
    ///
    /// Pictures are named by their paths as given; if a folder is the only argument, by their paths within it.
    /// - Parameters:
    ///   - arguments: Files; folders, searched recursively; patterns; `@FILE`, a list of files and folders with one per
    ///     line (`@-` reads it from standard input); `-`, a picture from standard input.
    ///   - results: Folders that are not searched, because they contain drawn pictures.
    /// - Throws: ``CommandError`` if a list or folder cannot be read, nothing matches a pattern, or two pictures would
    ///   have the same name.
    package init(_ arguments: [String], without results: [String]) throws {
        let excluded = Set(results.compactMap(Self.realPath))
        var found: [Picture] = []
        for argument in arguments {
            switch argument {
            case "-": found.append(Picture(name: "stdin", path: "-"))
            case _ where VideoSource.isAddress(argument):
                found.append(Picture(name: Self.name(ofAddress: argument), path: argument, isVideo: true))
            case _ where argument.hasPrefix("@"):
                for line in try Self.lines(of: String(argument.dropFirst())) {
                    found +=
                        VideoSource.isAddress(line)
                        ? [Picture(name: Self.name(ofAddress: line), path: line, isVideo: true)]
                        : try Self.pictures(at: line, without: excluded)
                }
            default:
                let isOnly = arguments.count == 1
                for path in try Self.matches(of: argument) {
                    found += try Self.pictures(at: path, isOnly: isOnly && path == argument, without: excluded)
                }
            }
        }
        // As bytes: strings that differ only in their Unicode normalisation are equal, but file names are not.
        var paths: [[UInt8]: String] = [:]
        pictures = try found.filter { picture in
            let known = paths.updateValue(picture.path, forKey: Array(picture.name.utf8))
            guard let known, known != picture.path else { return known == nil }
            let names = "\(VideoSource.description(of: known)) and \(picture.shownPath)"
            let advice = VideoSource.isAddress(known) ? "use a command for each" : "pass a folder that contains both"
            throw CommandError("\(names) would both be called \(picture.name) in the results: \(advice).")
        }
        if let camera = pictures.dropLast().first(where: \.isEndless) {
            throw CommandError("\(camera.shownPath) has no end: pass it last, or use a command for each camera.")
        }
    }

    private static func pictures(
        at path: String,
        isOnly: Bool = false,
        without excluded: Set<String>
    ) throws -> [Picture] {
        guard kind(of: path) == S_IFDIR else {
            // A missing file is reported when it is read, like any other unreadable one.
            return [
                Picture(name: name(of: path), path: path == "-" ? "./-" : path, isVideo: hasEnding(path, videoEndings))
            ]
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw CommandError("The folder \(path) cannot be read.")
        }
        let base = path.hasSuffix("/") ? path : "\(path)/"
        return files(below: base, names, without: excluded)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { path in
                let name = isOnly ? String(path.utf8.dropFirst(base.utf8.count)) ?? path : name(of: path)
                return Picture(name: name, path: path, isVideo: hasEnding(path, videoEndings))
            }
    }

    /// Paths of the pictures in a folder and its subfolders; links to folders are not followed.
    private static func files(below base: String, _ names: [String], without excluded: Set<String>) -> [String] {
        names.filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
            let path = base + name
            var link = stat()
            if lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFDIR {
                guard realPath(path).map(excluded.contains) != true else { return [] }
                let names = try? FileManager.default.contentsOfDirectory(atPath: path)
                // An unreadable folder is reported like an unreadable file.
                return names.map { files(below: "\(path)/", $0, without: excluded) } ?? [path]
            }
            guard hasEnding(name, endings) || hasEnding(name, videoEndings) else { return [] }
            // Skips pipes: opening one blocks. Missing files, such as names that are not UTF-8, are reported later.
            return [S_IFREG, nil].contains(kind(of: path)) ? [path] : []
        }
    }

    /// File extensions of pictures, in lower case.
    private static let endings = Set(
        ImageFormat.allCases.flatMap { [$0.name, $0.fileExtension] } + ["heif", "jpe", "jfif", "pgm", "pnm"]
    )

    /// File extensions of videos, in lower case.
    private static let videoEndings: Set = [
        "3gp", "asf", "avi", "flv", "h264", "h265", "hevc", "m2ts", "m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg",
        "mpg", "mts", "mxf", "ogv", "ts", "vob", "webm", "wmv", "y4m",
    ]

    private static func hasEnding(_ path: String, _ endings: Set<String>) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name.split(separator: ".").dropFirst().last.map { endings.contains($0.lowercased()) } ?? false
    }

    /// An address as a relative path, without user, password and query.
    private static func name(ofAddress address: String) -> String {
        guard let source = try? VideoSource(address: address) else { return "stream" }
        let text = source.description.split(separator: "://").last.map(String.init) ?? ""
        return name(of: String(text.map { $0.isLetter || $0.isNumber || "/.-_".contains($0) ? $0 : "_" }))
    }

    /// The type of the file at a path, following links; nil if there is none.
    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func lines(of file: String) throws -> [String] {
        guard let bytes = try? PictureFile.read(file, maximumBytes: 1 << 30) else {
            throw CommandError("The list \(file) cannot be read.")
        }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        }
    }

    /// The paths that match a pattern; a path that exists or has no wildcards matches itself.
    private static func matches(of pattern: String) throws -> [String] {
        guard kind(of: pattern) == nil, pattern.contains(where: { "*?[".contains($0) }) else { return [pattern] }
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, GLOB_BRACE | GLOB_TILDE, nil, &matches) == 0 else {
            throw CommandError("Nothing matches \(pattern).")
        }
        return (0..<Int(matches.gl_pathc)).compactMap { index in matches.gl_pathv[index].map { String(cString: $0) } }
    }

    /// A relative path without `.` and `..`, which cannot leave the folder that it is appended to.
    private static func name(of path: String) -> String {
        path.split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: "/")
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

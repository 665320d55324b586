internal import FoundationEssentials
internal import Glibc
internal import Imaging

/// The pictures that a command was given, in an order that depends on nothing but their paths.
package struct PictureList {
    /// A picture to work on.
    package struct Picture: Sendable {
        /// What results call it; no two of a list share one.
        package var name: String
        /// Where it is; `-` is standard input.
        package var path: String
    }

    /// The pictures, each with a name of its own.
    package let pictures: [Picture]

    /// Finds the pictures.
    ///
    /// A picture is called as its path says; in a folder that is the only argument, from there on.
    /// - Parameters:
    ///   - arguments: Files; folders, searched to the bottom; patterns; `@FILE`, a list of files and folders with one a
    ///     line, and `@-`, the same from standard input; `-`, a picture from standard input.
    ///   - results: A folder that is not searched, as drawn pictures lie there.
    /// - Throws: ``CommandError`` for a list or a folder that cannot be read, for a pattern that nothing matches, and for
    ///   two pictures that would have one name.
    package init(_ arguments: [String], without results: String?) throws {
        let excluded = results.flatMap(Self.realPath)
        var found: [Picture] = []
        for argument in arguments {
            switch argument {
            case "-": found.append(Picture(name: "stdin", path: "-"))
            case _ where argument.hasPrefix("@"):
                for line in try Self.lines(of: String(argument.dropFirst())) {
                    found += try Self.pictures(at: line, without: excluded)
                }
            default:
                let isOnly = arguments.count == 1
                for path in try Self.matches(of: argument) {
                    found += try Self.pictures(at: path, isOnly: isOnly && path == argument, without: excluded)
                }
            }
        }
        // Not as strings, of which two that look the same are equal however they are written.
        var paths: [[UInt8]: String] = [:]
        pictures = try found.filter { picture in
            let known = paths.updateValue(picture.path, forKey: Array(picture.name.utf8))
            guard let known, known != picture.path else { return known == nil }
            throw CommandError(
                "\(known) and \(picture.path) would both be called \(picture.name) in the results: name a folder above both."
            )
        }
    }

    private static func pictures(
        at path: String,
        isOnly: Bool = false,
        without excluded: String?
    ) throws -> [Picture] {
        guard kind(of: path) == S_IFDIR else {
            // One that is not there is told of when its turn comes, as every other one that cannot be read.
            return [Picture(name: name(of: path), path: path == "-" ? "./-" : path)]
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw CommandError("The folder \(path) cannot be read.")
        }
        let base = path.hasSuffix("/") ? path : "\(path)/"
        return files(below: base, names, without: excluded)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { Picture(name: isOnly ? String($0.utf8.dropFirst(base.utf8.count)) ?? $0 : name(of: $0), path: $0) }
    }

    /// Paths of the pictures in a folder and in those below it; links to folders are not followed.
    private static func files(below base: String, _ names: [String], without excluded: String?) -> [String] {
        names.filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
            let path = base + name
            var link = stat()
            if lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFDIR {
                guard excluded == nil || realPath(path) != excluded else { return [] }
                let names = try? FileManager.default.contentsOfDirectory(atPath: path)
                // A folder that cannot be read is told of like a file.
                return names.map { files(below: "\(path)/", $0, without: excluded) } ?? [path]
            }
            guard let ending = name.split(separator: ".").dropFirst().last, endings.contains(ending.lowercased()) else {
                return []
            }
            // A pipe would be waited for, for ever. What is not there, as a name that is no UTF-8, is told of later.
            return [S_IFREG, nil].contains(kind(of: path)) ? [path] : []
        }
    }

    /// Endings of the names of files that are taken from a folder.
    private static let endings = Set(
        ImageFormat.allCases.flatMap { [$0.name, $0.fileExtension] } + ["heif", "jpe", "jfif"]
    )

    /// What lies at a path, links followed; nil where nothing does.
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

    /// What a pattern matches; a path that is there, or has nothing of a pattern, is itself.
    private static func matches(of pattern: String) throws -> [String] {
        guard kind(of: pattern) == nil, pattern.contains(where: { "*?[".contains($0) }) else { return [pattern] }
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, GLOB_BRACE | GLOB_TILDE, nil, &matches) == 0 else {
            throw CommandError("Nothing matches \(pattern).")
        }
        return (0..<Int(matches.gl_pathc)).compactMap { index in matches.gl_pathv[index].map { String(cString: $0) } }
    }

    /// A path that stays below the folder that it is put after.
    private static func name(of path: String) -> String {
        path.split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: "/")
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

internal import FoundationEssentials
internal import Glibc
internal import Imaging

/// The pictures that a command was given, in an order that depends on nothing but their paths.
struct PictureList {
    /// A picture to work on.
    struct Picture: Sendable {
        /// What results call it; no two of a list share one.
        var name: String
        /// Where it is; `-` is standard input.
        var path: String
        /// Its number in COCO's forms.
        var id: Int
    }

    /// The pictures, each with a name and an id of its own.
    private(set) var pictures: [Picture] = []

    /// Finds the pictures.
    ///
    /// - Parameters:
    ///   - arguments: Files; folders, searched to the bottom; patterns; `@FILE`, a list of them with one a line, and
    ///     `@-`, the same from standard input; `-`, a picture from standard input.
    ///   - output: A folder whose pictures are results and not meant.
    /// - Throws: ``CommandError`` for a list or a folder that cannot be read, and for a pattern that nothing matches.
    init(_ arguments: [String], without output: String?) throws {
        let excluded = output.flatMap(Self.realPath)
        var found: [(name: String, path: String)] = []
        for argument in arguments {
            switch argument {
            case "-": found.append(("stdin", "-"))
            case _ where argument.hasPrefix("@"):
                for line in try Self.lines(of: String(argument.dropFirst())) {
                    found += try Self.pictures(at: line, without: excluded)
                }
            default: found += try Self.pictures(at: argument, without: excluded)
            }
        }
        if Set(found.map(\.name)).count < found.count {
            // What lies in several folders under one name is told apart by where it lies.
            found = found.map { (Self.relative($0.path), $0.path) }
        }
        var seen: Set<String> = []
        found = found.filter { seen.insert($0.name).inserted }
        let numbers = found.map { Int(($0.name.split(separator: "/").last ?? "").prefix { $0 != "." }) }
        let areNumbered = numbers.allSatisfy { ($0 ?? -1) >= 0 } && Set(numbers).count == numbers.count
        pictures = found.enumerated().map { index, item in
            Picture(name: item.name, path: item.path, id: areNumbered ? numbers[index] ?? index + 1 : index + 1)
        }
    }

    private static func pictures(
        at path: String,
        without excluded: String?
    ) throws -> [(name: String, path: String)] {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            return isDirectory ? try pictures(inFolder: path, without: excluded) : [(lastComponent(path), path)]
        }
        guard path.contains(where: { "*?[".contains($0) }) else {
            // It is reported when its turn comes, as every other one that cannot be read.
            return [(lastComponent(path), path)]
        }
        let matches = glob(path)
        guard !matches.isEmpty else { throw CommandError("Nothing matches \(path).") }
        return try matches.flatMap { try pictures(at: $0, without: excluded) }
    }

    private static func pictures(
        inFolder folder: String,
        without excluded: String?
    ) throws -> [(name: String, path: String)] {
        let base = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        } catch {
            throw CommandError("The folder \(folder) cannot be read.")
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { name in
            let components = name.split(separator: "/")
            guard let ending = components.last?.split(separator: ".").dropFirst().last,
                endings.contains(ending.lowercased()), !components.contains(where: { $0.hasPrefix(".") })
            else { return nil }
            let path = base == "/" ? "/\(name)" : "\(base)/\(name)"
            // A pipe would be waited for, for ever.
            guard isRegularFile(path) else { return nil }
            if let excluded, let real = realPath(path), real.hasPrefix("\(excluded)/") { return nil }
            return (name, path)
        }
    }

    /// Endings of the names of files that are taken from a folder.
    private static let endings = Set(
        ImageFormat.allCases.flatMap { [$0.name, $0.fileExtension] } + ["heif", "jpe", "jfif"]
    )

    private static func lines(of file: String) throws -> [String] {
        guard let bytes = try? PictureFile.read(file, maximumBytes: 1 << 30) else {
            throw CommandError("The list \(file) cannot be read.")
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    private static func glob(_ pattern: String) -> [String] {
        var matches = glob_t()
        defer { globfree(&matches) }
        guard Glibc.glob(pattern, GLOB_BRACE | GLOB_TILDE, nil, &matches) == 0 else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { index in matches.gl_pathv[index].map { String(cString: $0) } }
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// A path that stays below the folder that it is put after.
    private static func relative(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: "/")
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

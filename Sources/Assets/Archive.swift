internal import Basics
internal import CCompression
internal import FoundationEssentials
internal import Glibc
internal import PyTorch
internal import SystemPackage

/// A zip file with a data set.
struct Archive {
    private static let maximumEntries = 100_000
    /// Maximum number of bytes of the file, which is read as a whole, and of its contents.
    private static let maximumBytes = 1 << 30

    private let name: String
    private let zip: ZipArchive

    /// Reads an archive.
    ///
    /// - Throws: ``AssetError`` if it is no archive, or not a usable one.
    init(_ path: String) throws(AssetError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        guard size <= Self.maximumBytes else { throw AssetError("\(name) is too large for a data set") }
        do {
            let bytes = try Data(contentsOf: URL(filePath: path))
            zip = try ZipArchive(Array(bytes), maximumEntries: Self.maximumEntries)
        } catch {
            throw AssetError("\(name) is not a usable zip archive: \(error.explanation)")
        }
    }

    /// Unpacks the archive, completely or not at all, without its top folder if it has just one.
    ///
    /// - Parameter folder: The folder to create.
    /// - Throws: ``AssetError``.
    func extract(to folder: String) throws(AssetError) {
        let named = zip.entries.map { (Self.withoutDots($0), $1) }
        let entries = Dictionary(named.filter { !$0.0.hasPrefix("__MACOSX/") && !$0.0.isEmpty }) { first, _ in first }
        let total = entries.values.reduce(0) { $0 + min($1.byteCount, Self.maximumBytes) }
        guard total <= Self.maximumBytes else { throw AssetError("\(name) is too large for a data set") }
        guard !entries.isEmpty else { throw AssetError("\(name) is empty") }
        for path in entries.keys where path.hasPrefix("/") || path.split(separator: "/").contains("..") {
            throw AssetError("\(name) would write outside its folder: \(path.printable(limit: 200))")
        }
        let manager = FileManager.default
        let fresh = "\(folder).part"
        defer { try? manager.removeItem(atPath: fresh) }
        do {
            try? manager.removeItem(atPath: fresh)
            for (path, entry) in entries {
                let target = "\(fresh)/\(path)"
                let parent = target.lastIndex(of: "/").map { String(target[..<$0]) } ?? fresh
                try manager.createDirectory(atPath: parent, withIntermediateDirectories: true)
                guard !path.hasSuffix("/") else { continue }
                try Data(contents(of: entry)).write(to: URL(filePath: target))
            }
        } catch let error as AssetError {
            throw error
        } catch {
            throw AssetError("\(name) cannot be unpacked to \(folder): is it writable, and is there space?")
        }
        // A power failure must not leave the folder without its files.
        sync()
        let tops = Set(entries.keys.compactMap { $0.split(separator: "/").first })
        let isNested = tops.count == 1 && entries.keys.contains { $0.contains("/") }
        guard rename(isNested ? "\(fresh)/\(tops.first ?? "")" : fresh, folder) == 0 else {
            throw AssetError(folder, Errno(rawValue: errno))
        }
    }

    /// A path without components that stay where they are.
    private static func withoutDots(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).filter { $0 != "." }.joined(separator: "/")
    }

    private func contents(of entry: ZipArchive.Entry) throws(AssetError) -> [UInt8] {
        let stored = zip.bytes[entry.range]
        guard let bytes = entry.isCompressed ? Self.inflate(stored, count: entry.byteCount) : Array(stored),
            bytes.withUnsafeBytes({ CRC32.checksum($0) }) == entry.checksum
        else { throw AssetError("\(name) is damaged, or compressed by another method than deflate") }
        return bytes
    }

    /// Decompresses deflated bytes; nil if they are something else, or not as many as expected.
    private static func inflate(_ bytes: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
        var stream = z_stream()
        guard count <= maximumBytes, ccompression_start(&stream, -15) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        return bytes.withUnsafeBufferPointer { input in
            var status = Z_OK
            let inflated = [UInt8](unsafeUninitializedCapacity: max(count, 1)) { output, produced in
                // zlib does not write to its input.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(clamping: input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: count)
                status = CCompression.inflate(&stream, Z_FINISH)
                produced = count - Int(stream.avail_out)
            }
            return status == Z_STREAM_END && inflated.count == count ? inflated : nil
        }
    }
}

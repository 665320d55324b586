import PyTorch
import TestSupport
import Testing

/// Fields are defined in PKWARE's APPNOTE.TXT 6.3.10.
@Suite struct ZipArchiveTests {
    private static let pickle = CheckpointWriter.pickle(.int(7))

    private struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Expected error; nil if the file is readable.
        let code: PyTorchError.Code?
        private let apply: @Sendable (inout ZipWriter) -> Void

        init(
            _ name: String,
            _ code: PyTorchError.Code? = nil,
            _ apply: @escaping @Sendable (inout ZipWriter) -> Void
        ) {
            testDescription = name
            self.code = code
            self.apply = apply
        }

        /// A checkpoint of the number 7 and one storage, with the change applied.
        var bytes: [UInt8] {
            var zip = CheckpointWriter.zip(pickle: ZipArchiveTests.pickle, storages: [[1, 2, 3, 4]])
            apply(&zip)
            return zip.archive()
        }
    }

    @Test(
        "valid variants of zip files are accepted",
        arguments: [
            Change("as PyTorch writes it") { _ in },
            Change("without a ZIP64 end record") { $0.hasZip64End = false },
            Change("values in the ZIP64 end record only") { $0.needsZip64End = true },
            Change("a comment") { $0.comment = [UInt8](repeating: 0x50, count: 65535) },
            Change("no checksum, as with set_crc32_options(False)") { zip in
                for index in zip.entries.indices { zip.entries[index].checksum = 0 }
            },
            Change("the directory in another order") { $0.entries.reverse() },
            Change("an unknown extra field") { $0.entries[0].extra = [7, 7, 2, 0, 1, 2] },
            Change("an entry with a ZIP64 extra field") { zip in
                let entry = zip.entries[1]
                zip.entries[1].byteCount = .max
                zip.entries[1].storedByteCount = .max
                zip.entries[1].offset = .max
                zip.entries[1].extra =
                    [9, 9, 0, 0, 1, 0, 24, 0] + littleEndian(UInt64(entry.byteCount))
                    + littleEndian(UInt64(entry.storedByteCount)) + littleEndian(UInt64(entry.offset))
            },
            Change("an empty entry") { $0.add("archive/empty", []) },
            Change("a compressed entry that is not needed") { zip in
                zip.add("archive/notes.txt", [3, 0], method: 8)
                zip.entries[4].byteCount = 0
            },
        ]
    )
    private func accepted(_ change: Change) throws {
        #expect(try Checkpoint(bytes: change.bytes).root.int == 7)
    }

    @Test(
        "archives that torch.save does not write are rejected",
        arguments: [
            Change("compressed", .unsupported) { zip in
                zip = ZipWriter()
                zip.add("archive/data.pkl", Self.pickle, method: 8)
            },
            Change("different methods in the two headers", .corrupt) { $0.entries[2].method = 8 },
            Change("encrypted", .unsupported) { $0.entries[2].flags |= 1 },
            Change("strongly encrypted", .unsupported) { $0.entries[2].flags |= 1 << 6 },
            Change("an encrypted directory", .unsupported) { $0.entries[2].flags |= 1 << 13 },
            Change("on another disk", .corrupt) { $0.entries[2].disk = 1 },
            Change("a duplicate name", .corrupt) { $0.add("archive/data/0", [1]) },
            Change("a duplicate entry", .corrupt) { $0.entries.append($0.entries[0]) },
            Change("two names for one entry", .corrupt) { $0.entries[1] = $0.entries[0] },
            Change("a size that reaches into the next entry", .corrupt) {
                $0.entries[0].byteCount += 40
                $0.entries[0].storedByteCount += 40
            },
            Change("an entry inside another", .corrupt) { zip in
                var inner = ZipWriter()
                inner.add("archive/inner", [1, 2, 3])
                zip.add("archive/outer", inner.archive())
                let outer = zip.entries[zip.entries.count - 1]
                zip.add("archive/inner", [1, 2, 3])
                // The data of the outer entry begins at a multiple of 64.
                zip.entries[zip.entries.count - 1].offset = (outer.offset + 30 + 13 + 4 + 63) / 64 * 64
            },
            Change("contradictory sizes", .corrupt) { $0.entries[2].storedByteCount -= 1 },
            Change("a size beyond the file", .corrupt) { $0.entries[3].byteCount = 1 << 30 },
            Change("a size over Int.max", .corrupt) { zip in
                zip.entries[3].byteCount = .max
                zip.entries[3].storedByteCount = .max
                zip.entries[3].extra = [1, 0, 16, 0] + [UInt8](repeating: 0xFF, count: 16)
            },
            Change("a missing ZIP64 size", .corrupt) { zip in
                zip.entries[3].byteCount = .max
                zip.entries[3].extra = [1, 0, 4, 0, 1, 0, 0, 0]
            },
            Change("a truncated extra field", .corrupt) { $0.entries[0].extra = [1, 0, 9, 0] },
            Change("an offset beyond the file", .corrupt) { $0.entries[3].offset = 1 << 30 },
            Change("an offset into data", .corrupt) { $0.entries[3].offset += 1 },
            Change("different names in the two headers", .corrupt) { $0.entries[2].name[0] ^= 1 },
            Change("a long name", .tooLarge) { $0.add(String(repeating: "a/", count: 300), []) },
            Change("fewer entries than claimed", .corrupt) { $0.claimedCount = 5 },
            Change("more entries than claimed", .corrupt) { $0.claimedCount = 3 },
            Change("far more entries than present", .corrupt) { $0.claimedCount = 1 << 17 },
            Change("too many entries", .tooLarge) { $0.claimedCount = 1 << 17 + 1 },
            Change("an entry count over Int.max", .corrupt) { $0.claimedCount = .max },
            Change("a wrong checksum", .corrupt) { $0.entries[0].checksum ^= 1 },
            Change("two end records", .corrupt) { $0.comment = ZipWriter().archive() },
            Change("no data.pkl", .notAnArchive) { $0.entries.remove(at: 0) },
            Change("a second folder", .notAnArchive) { $0.add("other/data.pkl", Self.pickle) },
            Change("TorchScript constants", .unsupported) { $0.add("archive/constants.pkl", Self.pickle) },
            Change("TorchScript code", .unsupported) { $0.add("archive/code/__torch__.py", [], method: 8) },
            Change("saved on a big-endian machine", .unsupported) { zip in
                zip.entries.remove(at: 1)
                zip.add("archive/byteorder", Array("big".utf8))
            },
        ]
    )
    private func refused(_ change: Change) {
        #expect(change.code != nil)
        #expect(failure(change.bytes)?.code == change.code)
    }

    @Test(
        "files that are not checkpoints are distinguished",
        arguments: [
            ([], .notAnArchive, "torch.save"),
            (Array("hello".utf8), .notAnArchive, "torch.save"),
            // torch.save(…, _use_new_zipfile_serialization=False) of PyTorch 2.13.
            (
                [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E, 0x80, 2, 0x4D],
                .unsupported, "PyTorch before 1.6"
            ),
            ([0x50, 0x4B, 3, 4], .corrupt, "damaged"),
            // An empty zip file.
            ([0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18), .notAnArchive, "torch.save"),
        ] as [([UInt8], PyTorchError.Code, String)]
    )
    func notCheckpoints(_ bytes: [UInt8], _ code: PyTorchError.Code, _ message: String) throws {
        let error = try #require(failure(bytes))
        #expect(error.code == code)
        #expect(error.message.contains(message))
    }

    @Test("a file cut off at any byte is rejected")
    func truncated() {
        let bytes = CheckpointWriter.archive(.tensor(SavedTensor([1, 2, 3])))
        for count in bytes.indices {
            let code = failure(Array(bytes.prefix(count)))?.code
            #expect(code == (count < 4 ? .notAnArchive : .corrupt), "cut at \(count)")
        }
    }

    @Test("changing any byte never yields a wrong tensor")
    func anyByte() {
        let bytes = CheckpointWriter.archive(.tensor(SavedTensor([1, 2, 3])))
        for index in bytes.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[index] = value
                guard case .success(let root) = Result(catching: { try Checkpoint(bytes: changed).root }) else {
                    continue
                }
                #expect(root.tensor?.floats() == [1, 2, 3], "byte \(index) = \(value)")
            }
        }
    }
}

import CheckpointSupport
import PyTorch
import Testing

/// What the fields mean is in PKWARE's APPNOTE.TXT 6.3.10.
@Suite struct ZipArchiveTests {
    private static let pickle = CheckpointWriter.pickle(.int(7))

    private struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What reading the file fails with.
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

        /// The checkpoint of a storage and the number 7, changed.
        var bytes: [UInt8] {
            var zip = CheckpointWriter.zip(pickle: ZipArchiveTests.pickle, storages: [[1, 2, 3, 4]])
            apply(&zip)
            return zip.archive()
        }
    }

    @Test(
        "what a zip file may have is taken",
        arguments: [
            Change("as PyTorch writes it") { _ in },
            Change("without numbers of 64 bits") { $0.hasZip64End = false },
            Change("numbers of 64 bits only") { $0.needsZip64End = true },
            Change("a comment") { $0.comment = [UInt8](repeating: 0x50, count: 65535) },
            Change("no checksum, as with set_crc32_options(False)") { zip in
                for index in zip.entries.indices { zip.entries[index].checksum = 0 }
            },
            Change("the directory in another order") { $0.entries.reverse() },
            Change("an extra field that is not known") { $0.entries[0].extra = [7, 7, 2, 0, 1, 2] },
            Change("an entry with numbers of 64 bits") { zip in
                let entry = zip.entries[1]
                zip.entries[1].byteCount = .max
                zip.entries[1].storedByteCount = .max
                zip.entries[1].offset = .max
                zip.entries[1].extra =
                    [9, 9, 0, 0, 1, 0, 24, 0] + littleEndian(UInt64(entry.byteCount))
                    + littleEndian(UInt64(entry.storedByteCount)) + littleEndian(UInt64(entry.offset))
            },
            Change("an empty file") { $0.add("archive/empty", []) },
            Change("a compressed file that does not matter") { zip in
                zip.add("archive/notes.txt", [3, 0], method: 8)
                zip.entries[4].byteCount = 0
            },
        ]
    )
    private func accepted(_ change: Change) throws {
        #expect(try Checkpoint(bytes: change.bytes).root.int == 7)
    }

    @Test(
        "what torch.save does not do is refused",
        arguments: [
            Change("compressed", .unsupported) { zip in
                zip = ZipWriter()
                zip.add("archive/data.pkl", Self.pickle, method: 8)
            },
            Change("two methods", .corrupt) { $0.entries[2].method = 8 },
            Change("encrypted", .unsupported) { $0.entries[2].flags |= 1 },
            Change("strongly encrypted", .unsupported) { $0.entries[2].flags |= 1 << 6 },
            Change("hidden names", .unsupported) { $0.entries[2].flags |= 1 << 13 },
            Change("on another disk", .corrupt) { $0.entries[2].disk = 1 },
            Change("a name twice", .corrupt) { $0.add("archive/data/0", [1]) },
            Change("an entry twice", .corrupt) { $0.entries.append($0.entries[0]) },
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
            Change("two sizes", .corrupt) { $0.entries[2].storedByteCount -= 1 },
            Change("a size beyond the file", .corrupt) { $0.entries[3].byteCount = 1 << 30 },
            Change("a size beyond all numbers", .corrupt) { zip in
                zip.entries[3].byteCount = .max
                zip.entries[3].storedByteCount = .max
                zip.entries[3].extra = [1, 0, 16, 0] + [UInt8](repeating: 0xFF, count: 16)
            },
            Change("a large size that is left out", .corrupt) { zip in
                zip.entries[3].byteCount = .max
                zip.entries[3].extra = [1, 0, 4, 0, 1, 0, 0, 0]
            },
            Change("an extra field beyond its end", .corrupt) { $0.entries[0].extra = [1, 0, 9, 0] },
            Change("an offset beyond the file", .corrupt) { $0.entries[3].offset = 1 << 30 },
            Change("an offset into data", .corrupt) { $0.entries[3].offset += 1 },
            Change("another name in the local header", .corrupt) { $0.entries[2].name[0] ^= 1 },
            Change("a long name", .tooLarge) { $0.add(String(repeating: "a/", count: 300), []) },
            Change("fewer entries than claimed", .corrupt) { $0.claimedCount = 5 },
            Change("more entries than claimed", .corrupt) { $0.claimedCount = 3 },
            Change("very many entries", .corrupt) { $0.claimedCount = 1 << 17 },
            Change("too many entries", .tooLarge) { $0.claimedCount = 1 << 17 + 1 },
            Change("entries beyond all numbers", .corrupt) { $0.claimedCount = .max },
            Change("a wrong checksum", .corrupt) { $0.entries[0].checksum ^= 1 },
            Change("two ends", .corrupt) { $0.comment = ZipWriter().archive() },
            Change("no data.pkl", .notAnArchive) { $0.entries.remove(at: 0) },
            Change("a second folder", .notAnArchive) { $0.add("other/data.pkl", Self.pickle) },
            Change("TorchScript", .unsupported) { $0.add("archive/constants.pkl", Self.pickle) },
            Change("code", .unsupported) { $0.add("archive/code/__torch__.py", [], method: 8) },
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
        "what is no checkpoint is told apart",
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

    @Test("a file that is cut off anywhere is refused")
    func truncated() {
        let bytes = CheckpointWriter.archive(.tensor(SavedTensor([1, 2, 3])))
        for count in bytes.indices {
            let code = failure(Array(bytes.prefix(count)))?.code
            #expect(code == (count < 4 ? .notAnArchive : .corrupt), "cut at \(count)")
        }
    }

    @Test("any byte may be anything")
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

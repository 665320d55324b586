import Foundation

/// Writes the seed corpora and dictionaries for fuzzing: `Seeds FOLDER`.
@main
enum Seeds {
    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1], directoryHint: .isDirectory)
        for (target, seeds) in ["zip": archives, "pickle": pickles, "heif": pictures] {
            let corpus = folder.appending(path: target)
            try FileManager.default.createDirectory(at: corpus, withIntermediateDirectories: true)
            for (index, seed) in seeds.enumerated() {
                try Data(seed).write(to: corpus.appending(path: "\(index)"))
            }
        }
        for (target, words) in ["zip": zipWords, "pickle": pickleWords, "heif": heifWords] {
            let lines = words.map { word in
                "\"" + word.utf8.map { ($0 < 16 ? "\\x0" : "\\x") + String($0, radix: 16) }.joined() + "\"\n"
            }
            try Data(lines.joined().utf8).write(to: folder.appending(path: "\(target).dict"))
        }
    }

    /// Values of every kind; their storage equals the first one of the pickle target.
    private static var values: [SavedValue] {
        let storage = SavedStorage(.float32, count: 4, bytes: .init(repeating: 0x3C, count: 16))
        let matrix = SavedTensor(storage: storage, shape: [2, 2], strides: [1, 2])
        let conv = SavedValue.module(
            "torch.nn.modules.conv.Conv2d",
            attributes: [("kernel_size", .tuple([.int(1), .int(1)]))],
            parameters: [("weight", matrix), ("bias", nil)]
        )
        let dtype = SavedValue.call("numpy.dtype", [.string("f8"), .bool(false), .bool(true)])
        return [
            .none,
            .list([.int(-1), .int(1 << 40), .float(0.5), .bool(true), .bytes([1, 2]), .size([3])]),
            .dictionary([(.int(0), .string("person")), (.tuple([.int(1)]), .none)]),
            .tensor(matrix),
            .call("numpy.core.multiarray.scalar", [dtype, .bytes(.init(repeating: 0x3F, count: 8))]),
            .call("_codecs.encode", [.string("ÿ"), .string("latin1")]),
            .call("collections.OrderedDict", [.list([.list([.string("a"), .int(1)])])]),
            .call("__builtin__.set", [.list([.int(1)])]),
            .object(className: "models.common.Conv", state: .tuple([.none, .dictionary([("p", .int(1))])])),
            .dictionary([("epoch", .int(-1)), ("model", .sequential([conv]))]),
        ]
    }

    private static var pickles: [[UInt8]] {
        // Memo, marks, DUP and POP, and opcodes added by protocols 4 and 5.
        let others = [
            "]q\0h\0a0N.", "(K\u{1}2t.", "}(K\u{1}NK\u{2}Nu.", "cm\nf\n)R}K\u{1}NsK\u{1}a.", "N(1K\u{1}0.",
            "\u{80}\u{4}\u{95}\u{9}\0\0\0\0\0\0\0\u{8C}\u{1}m\u{94}\u{8C}\u{1}C\u{94}\u{93})\u{81}}b.",
            "\u{8F}(K\u{1}\u{90}.", "(K\u{1}\u{91}.", "cm\nf\n)}\u{92}.", "\u{8A}\u{2}\u{FF}\0.", "(Nl.", "(K\u{1}Nd.",
        ]
        return values.map { CheckpointWriter.pickle($0) } + others.map { $0.unicodeScalars.map { UInt8($0.value) } }
    }

    private static var archives: [[UInt8]] {
        var archives = values.map { CheckpointWriter.archive($0) }
        var zip = CheckpointWriter.zip(pickle: CheckpointWriter.pickle(.int(7)), storages: [[1, 2, 3, 4]])
        // Without checksums, which mutations would break, and with all optional parts of the directory.
        for index in zip.entries.indices { zip.entries[index].checksum = 0 }
        archives.append(zip.archive())
        zip.hasZip64End = false
        archives.append(zip.archive())
        zip.hasZip64End = true
        zip.needsZip64End = true
        zip.comment = Array("comment".utf8)
        let size = zip.entries[0].byteCount
        zip.entries[0].byteCount = .max
        zip.entries[0].storedByteCount = .max
        zip.entries[0].extra = [1, 0, 16, 0] + littleEndian(UInt64(size)) + littleEndian(UInt64(size))
        archives.append(zip.archive())
        return archives
    }

    private static var pictures: [[UInt8]] {
        let fixtures = [PictureFixtures.avif, PictureFixtures.heic].map { [UInt8](Data(base64Encoded: $0) ?? Data()) }
        let parameters = [UInt8](repeating: 0, count: 22) + [1, 33, 0, 1, 0, 4, 0x42, 1, 0, 0]
        let made = [
            HEIFBuilder(kind: "grid", data: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]),
            HEIFBuilder(kind: "iovl", data: .init(repeating: 0, count: 14)),
            HEIFBuilder(kind: "hvc1", data: [0, 0, 0, 2, 0x42, 1], properties: HEIFBuilder.box("hvcC", parameters)),
            HEIFBuilder(data: [0x0A, 2, 0, 0, 0x1A, 1, 0], copies: 3),
        ]
        return fixtures + made.map(\.bytes)
    }

    private static let heifWords = [
        "meta", "iinf", "infe", "iloc", "idat", "iprp", "ipco", "hvcC", "av1C", "grid", "iovl", "hvc1", "av01",
    ]

    private static let zipWords = [
        "PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{6}\u{6}", "PK\u{6}\u{7}", "PK\u{7}\u{8}", "archive/",
        "data.pkl", "byteorder", "big", "constants.pkl", "code/",
    ]

    private static let pickleWords = [
        "ctorch\nFloatStorage\n", "ctorch\nHalfStorage\n", "ctorch\nLongStorage\n", "ctorch\nSize\n",
        "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_tensor\n",
        "ctorch._utils\n_rebuild_parameter\n",
        "ctorch._tensor\n_rebuild_from_type_v2\n", "ccollections\nOrderedDict\n", "ccollections\ndefaultdict\n",
        "c__builtin__\nset\n", "cbuiltins\nfrozenset\n", "cnumpy\ndtype\n", "cnumpy.core.multiarray\nscalar\n",
        "c_codecs\nencode\n", "storage", "_modules", "latin1",
    ]
}

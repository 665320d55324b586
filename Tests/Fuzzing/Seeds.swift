import Foundation

/// Writes the seed corpora and dictionaries for fuzzing: `Seeds FOLDER`.
@main
enum Seeds {
    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1], directoryHint: .isDirectory)
        let seeds: [String: [[UInt8]]] = [
            "zip": archives, "pickle": pickles, "network": edits, "settings": settings, "heif": containers,
            "json": bodies, "query": queries,
            "multipart": forms, "picture": pictures,
        ]
        for (target, seeds) in seeds {
            let corpus = folder.appending(path: target)
            try FileManager.default.createDirectory(at: corpus, withIntermediateDirectories: true)
            for (index, seed) in seeds.enumerated() {
                try Data(seed).write(to: corpus.appending(path: "\(index)"))
            }
        }
        let words: [String: [String]] = [
            "zip": zipWords, "pickle": pickleWords, "network": pickleWords, "settings": settingWords, "heif": heifWords,
            "json": optionWords,
            "query": optionWords,
            "multipart": formWords, "picture": pictureWords,
        ]
        for (target, words) in words {
            let lines = words.map { word in
                "\""
                    + word.unicodeScalars.map(\.value).map { ($0 < 16 ? "\\x0" : "\\x") + String($0, radix: 16) }
                    .joined() + "\"\n"
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

    private static var settings: [[UInt8]] {
        [
            "names: [cat, dog]\nsize: 640\nscaling: stretch\nantialias: true\ncolors: BGR\n",
            "mean: [123.675, 116.28, 103.53]\ndeviation: 58\ndevice: GPU\n", "names:\n  0: a\n  2: b\nstride: 32\n",
            "names: COCO", "? [a, b]\n: {c: d}\n", "names: &a [x]\nsize: *a\n",
        ].map { Array($0.utf8) }
    }

    private static var settingWords: [String] {
        ["names", "size", "scaling", "antialias", "colors", "mean", "deviation", "device", "<<", "- ", ": ", "? "]
    }

    /// For each committed checkpoint: none, and one byte that is another number.
    private static var edits: [[UInt8]] { (0..<32).flatMap { [[UInt8($0)], [UInt8($0), 0, 16, 0, 9]] } }

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

    private static var containers: [[UInt8]] {
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

    /// Pictures of all formats, after a byte that chooses the options.
    private static var pictures: [[UInt8]] {
        let encoded =
            PictureFixtures.jpegs.map(\.base64) + [
                PictureFixtures.cmykJPEG, PictureFixtures.palettePNG, PictureFixtures.animatedGIF,
                PictureFixtures.animatedWebP, PictureFixtures.jpegInTIFF, PictureFixtures.avif, PictureFixtures.heic,
                PictureFixtures.jxl,
            ]
        let bitmap: [UInt8] =
            Array("BM".utf8) + [66, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24]
            + [UInt8](repeating: 0, count: 33)
        let pixmaps = ["P6 2 1 255\nabcdef", "P5\n# a comment\n2 1 65535\nabcd"].map { Array($0.utf8) }
        let all = encoded.map { [UInt8](Data(base64Encoded: $0) ?? Data()) } + [bitmap] + pixmaps
        return all.flatMap { picture in [0, 7].map { [$0] + picture } } + containers.map { [0] + $0 }
    }

    private static var bodies: [[UInt8]] {
        [
            #"{"confidence":0.25,"iou":0.45,"max_detections":300,"classes":["class7",3],"masks":"rle"}"#,
            #"{"nested":{"model":"a","agnostic_nms":true,"multi_label":false,"polygon_tolerance":1e2}}"#,
            #"{"conf":1,"imgsz":640,"classes":null,"model":"\u00e9\ud83d\ude00é"}"#, "[[[]],{},-1.5e-3,true]",
        ].map { Array($0.utf8) }
    }

    private static var queries: [[UInt8]] {
        [
            "confidence=0.25&iou=0.45&max_detections=300&classes=class7,3&masks=rle", "classes=1&classes=2,%41",
            "model=a%C3%A9&agnostic_nms=true&multi_label=false&polygon_tolerance=1e2", "conf=1&imgsz=640&=&a",
        ].map { Array($0.utf8) }
    }

    private static var forms: [[UInt8]] {
        [
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n"
                + "Content-Type: image/jpeg\r\n\r\nbytes\r\n--b--\r\n",
            "preamble\r\n--b \r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b\r\n"
                + "content-disposition: form-data; name=\"c\\\"\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--\r--b--",
        ].map { [7] + Array($0.utf8) }
    }

    private static let optionWords = [
        "confidence", "iou", "max_detections", "classes", "agnostic_nms", "multi_label", "masks", "polygon_tolerance",
        "model", "nested", "true", "false", "null", "polygon", "1e999", "9223372036854775808", "-0", "%C3%A9", "\\u",
    ]

    private static let formWords = [
        "\r\n--b", "--b--\r\n", "\r\n\r\n", "Content-Disposition: form-data; ", "name=\"", "filename=",
        "Content-Type: ",
        "Content-Transfer-Encoding: ", "multipart/mixed",
    ]

    private static let pictureWords = [
        "ÿØ", "ÿÀ", "ÿÂ", "ÿÄ", "ÿÚ", "ÿá", "ÿâ", "Exif\0\0", "ICC_PROFILE\0", "Adobe", "acsp", "mpet", "mft2", "A2B0",
        "IHDR", "PLTE", "IDAT", "IEND", "iCCP", "tRNS", "acTL", "RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM",
        "ANMF", "GIF89a", "II*\0", "MM\0*", "JXL ", "jxlc", "jxlp", "ftyp", "mif1", "P6", "P5", "BM",
    ]

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

import PyTorch
import TestSupport
import Testing

/// Pickles that would make a naive reader hang, run out of memory or overflow its call stack.
@Suite(.timeLimit(.minutes(2))) struct HostilePickleTests {
    /// A pickle made of repeated parts.
    private struct Pickle: Sendable, CustomTestStringConvertible {
        let testDescription: String
        private let parts: [(Opcodes, Int)]

        init(_ name: String, _ parts: (Opcodes, Int)...) {
            testDescription = name
            self.parts = parts
        }

        /// A checkpoint with this pickle.
        var file: [UInt8] {
            var pickle: [UInt8] = [0x80, 2]
            for (opcodes, count) in parts {
                for _ in 0..<count { pickle += opcodes.bytes }
            }
            return CheckpointWriter.zip(pickle: pickle + Array(".".utf8)).archive()
        }
    }

    /// Replaces the top value with a list of ten references to it.
    private static let tenfold: Opcodes = "q\00(h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0l"
    /// Appends a new list to the list in memo 0, and stores the new one in memo 0.
    private static let descend: Opcodes = "h\0]q\0a0"

    @Test(
        "values that are nested too deep, contain themselves or repeat too often are rejected",
        arguments: [
            Pickle("tuples in tuples", (")", 1), ("\u{85}", 500_000)),
            Pickle("ten million tuples in tuples", (")", 1), ("\u{85}", 10_000_000)),
            Pickle("lists in lists", ("]", 500_000), ("a", 499_999)),
            Pickle("lists in lists, the outermost first", ("]q\0", 1), (descend, 300_000)),
            Pickle("sets in sets", ("\u{8F}(", 300_000), ("\u{90}", 300_000)),
            Pickle("values of dictionaries", ("}", 1), ("K\0}", 300_000), ("s", 300_000)),
            Pickle("keys of dictionaries", ("}", 300_000), ("Ns", 299_999)),
            Pickle("a nested key", ("})", 1), ("\u{85}", 500_000), ("Ns", 1)),
            Pickle("arguments", ("cm\nf\nq\0)R", 1), ("q\u{1}0h\0h\u{1}\u{85}R", 150_000)),
            Pickle("states", ("cm\nf\nq\0)R", 1), ("q\u{1}0h\0)Rh\u{1}b", 150_000)),
            Pickle("elements of objects", ("cm\nf\nq\0)R", 1), ("q\u{1}0h\0)Rh\u{1}a", 150_000)),
            Pickle("items of objects", ("cm\nf\nq\0)R", 1), ("q\u{1}0h\0)RNh\u{1}s", 150_000)),
            Pickle("a set that contains the list it was made from", ("c__builtin__\nset\n]q\0\u{85}Rh\0a", 1)),
            Pickle("a list that contains itself", ("]q\0h\0a", 1)),
            Pickle("a list that contains itself in a tuple", ("]q\0h\0\u{85}a", 1)),
            Pickle("a dictionary that contains itself", ("}q\0K\0h\0s", 1)),
            Pickle("a dictionary that is its own key", ("}q\0h\0Ns", 1)),
            Pickle("an object that is its own state", ("cm\nf\n)Rq\0h\0b", 1)),

            Pickle("ten references to ten references, 30 levels deep", ("]", 1), (tenfold, 30)),
            Pickle("ten references to ten references, 30 levels deep, as a key", ("}]", 1), (tenfold, 30), ("Ns", 1)),
            Pickle(
                "calls with the same long arguments",
                ("cm\nf\nq\00(", 1),
                ("N", 100_000),
                ("tq\u{1}0(", 1),
                ("h\0h\u{1}R", 200_000),
                ("l", 1)
            ),
            Pickle(
                "nested calls with the same long arguments",
                ("cm\nf\nq\00(", 1),
                ("N", 100_000),
                ("tq\u{1}0N", 1),
                ("q\u{2}0h\0h\u{1}Rh\u{2}b", 150),
                ("q\u{2}0(", 1),
                ("h\u{2}", 100),
                ("l", 1)
            ),
            Pickle(
                "methods with the same long arguments",
                ("c__builtin__\ngetattr\nq\00(cm\nC\n)\u{81}", 1),
                ("N", 100_000),
                ("tq\u{1}0(", 1),
                ("h\0h\u{1}R", 200_000),
                ("l", 1)
            ),
            Pickle(
                "calls with keywords and the same long arguments",
                ("cm\nf\nq\00(", 1),
                ("N", 100_000),
                ("tq\u{1}0(", 1),
                ("h\0h\u{1}}\u{92}0", 200_000),
                ("l", 1)
            ),
            Pickle(
                "calls of objects with the same long arguments",
                ("cm\nf\n)Rq\00(", 1),
                ("N", 100_000),
                ("tq\u{1}0(", 1),
                ("h\0h\u{1}R0", 200_000),
                ("l", 1)
            ),
            Pickle(
                "dictionaries of the same long list",
                ("ccollections\nOrderedDict\nq\00](", 1),
                ("NN\u{86}", 10_000),
                ("e\u{85}q\u{1}0(", 1),
                ("h\0h\u{1}R0", 200_000),
                ("l", 1)
            ),
            Pickle(
                "long names of classes from the stack",
                ("U\u{FF}", 1),
                ("a", 255),
                ("q\00(", 1),
                ("h\0h\0\u{93}", 300_000),
                ("l", 1)
            ),

            Pickle("values", ("N", 1 << 20 + 1)),
            Pickle("marks", ("(", 1 << 20 + 1)),
            Pickle("memoised values", ("N", 1), ("\u{94}", 1 << 20)),
            Pickle("references", ("Nq\0", 1), ("h\0", 1 << 20)),
            Pickle("duplicates", ("N", 1), ("2", 1 << 20)),
            Pickle("a pickle of 33 MB", ("\u{80}\u{2}", 1 << 24)),
        ]
    )
    private func tooLarge(_ pickle: Pickle) {
        #expect(failure(pickle.file)?.code == .tooLarge)
    }

    @Test(
        "discarded values are released, however deep they are nested",
        arguments: [
            Pickle("tuples in tuples", (")", 1), ("\u{85}", 500_000), ("0N", 1)),
            Pickle("lists in lists", ("]", 300_000), ("a", 299_999), ("0N", 1)),
            Pickle("lists in lists, the outermost first", ("]q\0", 1), (descend, 300_000), ("0N", 1)),
            Pickle("states", ("cm\nf\nq\0)R", 1), ("q\u{1}0h\0)Rh\u{1}b", 150_000), ("0N", 1)),
            Pickle("a list that contains itself", ("]q\0h\0a0N", 1)),
            Pickle("values above a mark", ("N(", 1), (")", 1), ("\u{85}", 500_000), ("1", 1)),
            Pickle("memoised values", ("N)", 1), ("\u{85}", 500_000), ("q\00)q\00", 1)),
            Pickle("a dictionary value that is replaced", ("}K\0)", 1), ("\u{85}", 500_000), ("sK\0Ns0N", 1)),
        ]
    )
    private func dropped(_ pickle: Pickle) throws {
        #expect(try Checkpoint(bytes: pickle.file).root.isNone)
    }

    @Test("long keys are not hashed repeatedly")
    func longKeys() throws {
        let text = "X\0\0\u{10}\0"
        let file = Pickle(
            "",
            ("}\(text)" as Opcodes, 1),
            ("a", 1 << 20),
            ("q\00", 1),
            ("h\0Ns", 200_000),
            ("U\u{1}aK\u{1}s", 1)
        ).file
        let dictionary = try #require(try Checkpoint(bytes: file).root.dictionary)
        #expect(dictionary.entries.count == 200_001)
        #expect(dictionary["a"]?.int == 1)
    }

    @Test(
        "nesting and repetition are accepted up to the limits",
        arguments: [
            (Pickle("deep", (")", 1), ("\u{85}", 199)), 200, 1 << 22, true),
            (Pickle("too deep", (")", 1), ("\u{85}", 200)), 200, 1 << 22, false),
            // The shared tuple is first visited where it is not too deep.
            (Pickle("too deep in a second reference", (")\u{85}\u{85}q\0h\0\u{85}\u{85}\u{86}", 1)), 5, 100, false),
            (Pickle("deep in a second reference", (")\u{85}\u{85}q\0h\0\u{85}\u{85}\u{86}", 1)), 6, 100, true),
            (Pickle("1111 lists", ("]", 1), (tenfold, 3)), 10, 1111, true),
            (Pickle("1111 lists, one too many", ("]", 1), (tenfold, 3)), 10, 1110, false),
        ]
    )
    private func limits(_ pickle: Pickle, _ depth: Int, _ values: Int, _ isTaken: Bool) {
        var limits = Checkpoint.Limits()
        limits.maximumDepth = depth
        limits.maximumWalkedValues = values
        #expect((failure(pickle.file, limits: limits) == nil) == isTaken)
    }

    @Test(
        "a damaged pickle is rejected",
        arguments: [
            "", "NN", "N(", "(", "NNN\u{86}", "0", "1", "2", "a", "]a", "Ne", "s", "}Ns", "}(NNNu",
            "u", "t",
            "\u{85}", "N\u{86}", "NN\u{87}", "b", "Nb", "R", "NR", "N)R(", "\u{81}", "\u{92}", "\u{93}", "\u{94}",
            "q\0",
            "](Na", "](Nq\0tQ", "}(b", "N(2", "N(q\0",
            "h\0", "j\0\0\0\0", "Nq\0h\u{1}", "NNa", "}Na", ")Na", "]NNs", ")NNs", "NNb", "cm\nf\nNb",
            "cm\nf\nNR", "cm\nf\n]\u{81}", "cm\nf\nN}\u{92}",
            "I1\n", "L1L\n", "F1\n", "S'a'\n", "Va\n", "P1\n", "p0\n", "g0\n", "im\nf\n", "(cm\nf\no",
            "\u{82}\u{1}", "\u{97}", "\u{98}", "\0", "\u{FF}",
            "K", "M\0", "J\0\0\0", "G\0", "X\u{FF}\u{FF}\u{FF}\u{FF}", "B\u{FF}\u{FF}\u{FF}\u{FF}", "U\u{9}", "C\u{9}",
            "\u{8A}\u{FF}", "\u{8B}\u{FF}\u{FF}\u{FF}\u{FF}", "\u{8B}\u{FF}\u{FF}\u{FF}\u{7F}",
            "\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}",
            "\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}",
            "\u{8E}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}",
            "\u{95}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}",
            "c\n\n", "cm\n\n", "c\nf\n", "cm", "cm\nf", "cm\u{1B}[2J\nf\n", "cm\nf f\n", "cm\u{C2}\u{9B}2J\nf\n",
            "U\0U\u{1}f\u{93}",
            "NU\u{1}f\u{93}",
            "U\u{1}mN\u{93}", "K\u{1}NQ", "NQ", ")Q", "U\u{1}aQ", "(U\u{7}storagectorch\nFloatStorage\nU\u{1}0NtQ",
            "(U\u{7}storagectorch\nFloatStorage\nU\u{1}0NNtQ", "(U\u{7}storagectorch\nFloatStorage\nK\0NK\0tQ",
            "(U\u{7}storageU\u{1}aU\u{1}0NK\0tQ", "(U\u{7}modulesctorch\nFloatStorage\nU\u{1}0NK\0tQ",
            "(U\u{7}storagectorch\nFloatStorage\nU\u{1}9NK\0tQ", "(U\u{7}storagectorch\nFloatStorage\nU\u{2}..NK\0tQ",
        ] as [Opcodes]
    )
    func damaged(_ opcodes: Opcodes) {
        #expect(failure(file(opcodes))?.code == .corrupt)
    }

    @Test("a pickle cut off at any byte is rejected")
    func truncated() {
        let pickle = CheckpointWriter.pickle(
            .dictionary([
                ("model", .module("models.common.Conv", attributes: [("np", .int(70_000))])),
                ("best_fitness", .float(0.5)), ("names", .list([.string("person"), .bytes([1, 2, 3])])),
            ])
        )
        #expect(failure(CheckpointWriter.zip(pickle: pickle).archive()) == nil)
        for count in pickle.indices {
            let file = CheckpointWriter.zip(pickle: Array(pickle.prefix(count))).archive()
            #expect(failure(file)?.code == .corrupt, "cut at \(count)")
        }
    }

    @Test("a pickle of a later protocol is rejected")
    func protocols() {
        #expect(failure(CheckpointWriter.zip(pickle: [0x80, 6, 0x4E, 0x2E]).archive())?.code == .unsupported)
    }

    @Test("changed instructions cause an error or other values, but no crash", arguments: 0..<20)
    func changedInstructions(_ seed: UInt64) {
        let storage = SavedStorage([1, 2, 3, 4], as: .float16)
        let tensor = SavedTensor(storage: storage, offset: 1, shape: [3, 1], strides: [1, 1])
        let pickle = CheckpointWriter.pickle(
            .module(
                "models.common.Conv",
                attributes: [("shape", .size([3, 3])), ("yaml", .dictionary([("nc", .int(80))]))],
                parameters: [("weight", tensor), ("bias", nil)],
                buffers: [("count", tensor)]
            )
        )
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var changed = pickle
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 2..<changed.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: changed[index] = .random(in: 0...255, using: &generator)
                case 1: changed.remove(at: index)
                case 2: changed.insert(.random(in: 0...255, using: &generator), at: index)
                default: changed.replaceSubrange(index..<index, with: changed[..<index].suffix(9))
                }
            }
            let zip = CheckpointWriter.zip(pickle: changed, storages: [storage.bytes])
            guard case .success(let checkpoint) = Result(catching: { try Checkpoint(bytes: zip.archive()) }) else {
                continue
            }
            // Walks the complete value and converts every tensor to floats.
            #expect(!checkpoint.root.literal.isEmpty)
        }
    }
}

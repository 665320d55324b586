import PyTorch
import TestSupport
import Testing

@Suite struct HostileTensorTests {
    private static let storage = SavedStorage([1, 2, 3, 4])

    @Test(
        "a tensor that exceeds its storage is rejected",
        arguments: [
            (0, [5], [1]), (1, [4], [1]), (4, [1], [1]), (.max, [1], [1]), (-1, [1], [1]), (.min, [1], [1]),
            (0, [2, 2], [3, 2]), (0, [4], [-1]), (3, [4], [-1]), (0, [-1], [1]), (0, [-1, -4], [1, 1]),
            (0, [2], [.max]), (1, [2], [.max]), (0, [.max, 2], [1, 1]), (0, [1 << 32, 1 << 32], [0, 0]),
            (0, [1 << 62, 4], [0, 0]), (0, [4], []), (0, [], [1]), (4, [], []),
            (0, .init(repeating: 1, count: 33), .init(repeating: 1, count: 33)),
        ] as [(Int, [Int], [Int])]
    )
    func outOfBounds(_ offset: Int, _ shape: [Int], _ strides: [Int]) {
        let tensor = SavedTensor(storage: Self.storage, offset: offset, shape: shape, strides: strides)
        #expect(failure(CheckpointWriter.archive(.tensor(tensor)))?.code == .corrupt)
    }

    @Test(
        "tensors that are far larger than the file are rejected",
        arguments: [
            (1, [1 << 40]), (1, [1 << 20, 1 << 20]), (1, [(1 << 24) + 10_000]), (17, [1 << 20]),
            (300, [1 << 8, 1 << 8]),
        ]
    )
    func expanded(_ count: Int, _ shape: [Int]) {
        let strides = [Int](repeating: 0, count: shape.count)
        let tensor = SavedValue.tensor(SavedTensor(storage: Self.storage, shape: shape, strides: strides))
        let bytes = CheckpointWriter.archive(.list(.init(repeating: tensor, count: count)))
        #expect(failure(bytes)?.code == .tooLarge)
    }

    @Test(
        "a storage with a false element count is rejected",
        arguments: [
            (.float32, 5, 16), (.float32, 3, 16), (.float32, 4, 15), (.float32, 4, 17), (.float32, -1, 16),
            (.float64, .max, 16), (.float64, 1 << 61, 16), (.bool, 15, 16), (.float32, 0, 1),
        ] as [(SavedStorage.ElementType, Int, Int)]
    )
    func storages(_ type: SavedStorage.ElementType, _ count: Int, _ byteCount: Int) {
        let storage = SavedStorage(type, count: count, bytes: .init(repeating: 0, count: byteCount))
        let tensor = SavedTensor(storage: storage, shape: [0], strides: [1])
        #expect(failure(CheckpointWriter.archive(.tensor(tensor)))?.code == .corrupt)
    }

    @Test("a storage has only one element type")
    func types() {
        let ids = ["Float", "Int"].map { "(U\u{7}storagectorch\n\($0)Storage\nU\u{1}0U\u{3}cpuK\u{1}tQ" }
        let same = file(Opcodes(stringLiteral: "\(ids[0])\(ids[0])\u{86}"), storages: [[1, 2, 3, 4]])
        let different = file(Opcodes(stringLiteral: "\(ids[0])\(ids[1])\u{86}"), storages: [[1, 2, 3, 4]])
        #expect(failure(same) == nil)
        #expect(failure(different)?.code == .corrupt)
    }

    @Test(
        "a tensor with invalid arguments is rejected",
        arguments: [
            "NK\0\u{85}R", "K\0)N\u{87}R", "K\0)\u{86}R", "N))\u{87}R", "K\0N)\u{87}R", "K\0K\u{1}\u{85}N\u{87}R",
            "K\0N\u{85})\u{87}R",
        ]
    )
    func arguments(_ arguments: String) {
        // The storage is the first argument; `arguments` has the opcodes of the others.
        let id = "(U\u{7}storagectorch\nFloatStorage\nU\u{1}0U\u{3}cpuK\u{1}tQ"
        let opcodes = "ctorch._utils\n_rebuild_tensor_v2\n(\(id)" + arguments.dropLast(2) + "tR"
        #expect(failure(file(Opcodes(stringLiteral: opcodes), storages: [[1, 2, 3, 4]]))?.code == .corrupt)
    }
}

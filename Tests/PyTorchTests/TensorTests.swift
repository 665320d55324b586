import PyTorch
import TestSupport
import Testing

@Suite struct TensorTests {
    private func tensors(_ saved: [SavedTensor]) throws -> [Tensor] {
        let bytes = CheckpointWriter.archive(.list(saved.map { .tensor($0) }))
        return try #require(try Checkpoint(bytes: bytes).root.list).map { try #require($0.tensor) }
    }

    @Test(
        "elements of every type are converted to floats",
        arguments: [
            (.float64, [0, -1.5, 3.25, 1e30]), (.float32, [0, -1.5, 3.25, 1e30]), (.float16, [0, -1.5, 3.25, 65504]),
            (.bfloat16, [0, -1.5, 3.25, 0x1p100]), (.int64, [0, -1, 0x1p40]), (.int32, [0, -1, -0x1p31]),
            (.int16, [0, -1, 32767]), (.int8, [0, -1, 127]), (.uint8, [0, 1, 255]), (.bool, [0, 1]),
        ] as [(SavedStorage.ElementType, [Float])]
    )
    func types(_ type: SavedStorage.ElementType, _ values: [Float]) throws {
        let tensor = try #require(try tensors([SavedTensor(values, as: type)]).first)
        #expect(tensor.elementType.rawValue == "\(type)")
        #expect(tensor.floats() == values)
    }

    @Test("every half-precision number equals the Float16 of its bits")
    func halves() throws {
        let bits = (0...UInt16.max).map { $0 }
        let storage = SavedStorage(.float16, count: bits.count, bytes: bits.flatMap { littleEndian($0) })
        let tensor = SavedTensor(storage: storage, shape: [bits.count], strides: [1])
        for (bits, float) in zip(bits, try #require(try tensors([tensor]).first).floats()) {
            let expected = Float(Float16(bitPattern: bits))
            #expect(float.bitPattern == expected.bitPattern || (float.isNaN && expected.isNaN), "\(bits)")
        }
    }

    /// Views of the storage 0, 1, …, 11; expected elements are those of `torch.as_strided`.
    @Test(
        "a view has the elements selected by its strides",
        arguments: [
            ([3, 4], [4, 1], 0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            ([4, 3], [1, 4], 0, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
            ([2, 2], [4, 2], 5, [5, 7, 9, 11]),
            ([2, 3], [0, 1], 3, [3, 4, 5, 3, 4, 5]),
            ([2, 2, 2], [1, 1, 1], 0, [0, 1, 1, 2, 1, 2, 2, 3]),
            ([1, 3, 1], [.max, 2, .max], 1, [1, 3, 5]),
            ([], [], 7, [7]),
            ([1], [5], 11, [11]),
            ([0], [1], 12, []),
            ([3, 0, .max], [.max, .max, .max], .max, []),
        ] as [([Int], [Int], Int, [Float])]
    )
    func strides(_ shape: [Int], _ strides: [Int], _ offset: Int, _ values: [Float]) throws {
        let storage = SavedStorage((0..<12).map { Float($0) }, as: .int16)
        let view = SavedTensor(storage: storage, offset: offset, shape: shape, strides: strides)
        let tensor = try #require(try tensors([view]).first)
        #expect(tensor.floats() == values)
        #expect((tensor.shape, tensor.strides, tensor.count) == (shape, strides, values.count))
        #expect(tensor.isContiguous == (values.isEmpty || values == (0..<values.count).map { Float($0 + offset) }))
    }

    @Test("tensors share a storage")
    func sharing() throws {
        let storage = SavedStorage([1, 2, 3, 4], as: .bfloat16)
        let views = try tensors([
            SavedTensor(storage: storage, shape: [4], strides: [1]),
            SavedTensor(storage: storage, offset: 2, shape: [2], strides: [1]),
            SavedTensor([5], as: .bfloat16),
        ])
        #expect(views[0].storage === views[1].storage)
        #expect(views[0].storage !== views[2].storage)
        #expect(views.map { $0.floats() } == [[1, 2, 3, 4], [3, 4], [5]])
    }

    @Test(
        "every function that PyTorch saves a tensor with is supported",
        arguments: [("_rebuild_tensor", ""), ("_rebuild_tensor_v2", "NN"), ("_rebuild_tensor_v2", "NNN")]
    )
    func functions(_ function: String, _ more: String) throws {
        let id = "(U\u{7}storagectorch\nFloatStorage\nU\u{1}0U\u{6}cuda:0K\u{1}tQ"
        let rebuild = "ctorch._utils\n\(function)\n"
        let arguments = "(\(id)K\0K\u{1}\u{85}K\u{1}\u{85}\(more)t"
        for opcodes in [
            "\(rebuild)\(arguments)R",
            "ctorch._tensor\n_rebuild_from_type_v2\n(\(rebuild)ctorch.nn.parameter\nParameter\n\(arguments)}tR",
            "ctorch._utils\n_rebuild_parameter\n(\(rebuild)\(arguments)R\u{88}NtR",
            "ctorch._utils\n_rebuild_parameter_with_state\n(\(rebuild)\(arguments)R\u{88}N}tR",
        ] as [Opcodes] {
            let bytes = file(opcodes, storages: [littleEndian((1.5 as Float).bitPattern)])
            #expect(try Checkpoint(bytes: bytes).root.tensor?.floats() == [1.5])
        }
    }

    @Test("a tensor of an unknown element type becomes a record")
    func unknownStorage() throws {
        let id = "(U\u{7}storagectorch\nComplexFloatStorage\nU\u{1}0U\u{3}cpuK\u{1}tQ"
        let value = try load("ctorch._utils\n_rebuild_tensor_v2\n(\(id)K\0K\u{1}\u{85}K\u{1}\u{85}tR")
        #expect(value.tensor == nil)
        #expect(value.typeName == "torch._utils._rebuild_tensor_v2")
    }
}

import Foundation
import PyTorch
import TestSupport
import Testing

/// Expected numbers are from PyTorch 2.13 for the same file, loaded with empty classes in place of YOLOv5's.
@Suite(.needs(.model("yolov5n-v6.0.pt")))
struct YOLOv5CheckpointTests {
    private static let path = Asset.model("yolov5n-v6.0.pt").path
    private let root: PickleDictionary
    private let model: PickleObject
    private var tensors: [(name: String, isParameter: Bool, tensor: Tensor)] = []

    init() throws {
        let checkpoint = try Checkpoint(path: Self.path)
        root = try #require(checkpoint.root.dictionary)
        model = try #require(root["model"]?.object)
        try collectTensors(of: model, "")
    }

    private mutating func collectTensors(of module: PickleObject, _ prefix: String) throws {
        for (attribute, isParameter) in [("_parameters", true), ("_buffers", false)] {
            for (name, value) in try #require(module.attribute(attribute)?.dictionary).entries where !value.isNone {
                tensors.append((prefix + (try #require(name.string)), isParameter, try #require(value.tensor)))
            }
        }
        for (name, child) in try #require(module.attribute("_modules")?.dictionary).entries {
            try collectTensors(of: try #require(child.object), prefix + (try #require(name.string)) + ".")
        }
    }

    @Test("all entries of a training checkpoint are read in order")
    func contents() throws {
        #expect(
            root.entries.map { $0.key.string } == [
                "epoch", "best_fitness", "model", "ema", "updates", "optimizer", "wandb_id", "training_results",
            ]
        )
        #expect(root["epoch"]?.int == -1)
        #expect(root["best_fitness"]?.double == 0.29209399836305827)
        #expect(root["ema"]?.isNone == true)
    }

    @Test("the model is a record of its class, attributes and modules")
    func attributes() throws {
        #expect(model.className == "models.yolo.Model")
        #expect(model.attribute("nc")?.int == 80)
        #expect(model.attribute("stride")?.tensor?.floats() == [8, 16, 32])
        #expect(model.attribute("class_weights")?.tensor?.elementType == .float64)
        let names = try #require(model.attribute("names")?.list)
        #expect(names.count == 80)
        #expect(names.prefix(3).map { $0.string } == ["person", "bicycle", "car"])
        let yaml = try #require(model.attribute("yaml")?.dictionary)
        #expect(
            yaml.entries.map { $0.key.string }
                == ["nc", "depth_multiple", "width_multiple", "anchors", "backbone", "head", "ch"]
        )
        #expect(yaml["depth_multiple"]?.double == 0.33)

        let layers = try #require(model.attribute("_modules")?.dictionary?["model"]?.object)
        let head = try #require(layers.attribute("_modules")?.dictionary?["24"]?.object)
        #expect(head.className == "models.yolo.Detect")
        #expect(head.attribute("f")?.list?.map { $0.int } == [17, 20, 23])
    }

    @Test("all parameters and buffers are read")
    func counts() {
        let parameters = tensors.filter(\.isParameter).map(\.tensor)
        let buffers = tensors.filter { !$0.isParameter }.map(\.tensor)
        #expect((parameters.count, buffers.count) == (177, 173))
        #expect(parameters.map(\.count).reduce(0, +) == 1_872_157)
        #expect(buffers.map(\.count).reduce(0, +) == 9597)
    }

    @Test("sums of magnitudes equal PyTorch's")
    func sums() {
        var sums: [ElementType: Double] = [:]
        for (_, _, tensor) in tensors {
            sums[tensor.elementType, default: 0] += tensor.floats().reduce(0) { $0 + Double($1.magnitude) }
        }
        #expect(sums.keys.count == 2)
        #expect(abs((sums[.float16] ?? 0) - 52417.51547455788) < 1e-6)
        #expect(sums[.int64] == 57)
    }

    @Test(
        "a tensor's shape, sum, first and last elements equal PyTorch's",
        arguments: [
            ("model.0.conv.weight", [16, 3, 6, 6], -1.99918931722641, 0.01297760009765625, -0.0313720703125),
            ("model.0.bn.running_var", [16], 2.281871795654297, 0.11077880859375, 0.125244140625),
            (
                "model.2.m.0.cv1.conv.weight", [16, 16, 1, 1], -1.481863260269165, -0.021392822265625,
                -0.031524658203125
            ),
            ("model.9.cv2.bn.weight", [256], 238.862548828125, 0.76171875, 0.658203125),
            (
                "model.24.m.2.weight", [255, 256, 1, 1], -361.0061575770378, -0.00036406517028808594,
                -0.00853729248046875
            ),
            ("model.24.m.0.bias", [255], -1252.3945541381836, 0.188720703125, -5.75390625),
            ("model.24.anchors", [3, 3, 2], 78.46875, 1.25, 10.1875),
            ("model.0.bn.num_batches_tracked", [], 1, 1, 1),
            ("model.23.cv3.bn.running_mean", [256], -25.784017086029053, -0.1434326171875, -0.1793212890625),
        ]
    )
    func values(_ name: String, _ shape: [Int], _ sum: Double, _ first: Double, _ last: Double) throws {
        let tensor = try #require(tensors.first { $0.name == name }?.tensor)
        let floats = tensor.floats().map(Double.init)
        #expect(tensor.shape == shape)
        #expect(abs(floats.reduce(0, +) - sum) < 1e-9)
        #expect(floats.first == first)
        #expect(floats.last == last)
    }

    @Test("a truncated file is rejected")
    func truncated() throws {
        let bytes = try bytes()
        for part in 0..<50 {
            let code = failure(Array(bytes.prefix(bytes.count * part / 50)))?.code
            #expect(code == (part == 0 ? .notAnArchive : .corrupt), "cut at \(part) of 50")
        }
        #expect(failure(bytes.dropLast()) != nil)
    }

    @Test("nearly all flipped bits are detected")
    func flippedBits() throws {
        let bytes = try bytes()
        let pickle = try #require(bytes.firstRange(of: [0x80, 2, 0x7D])).lowerBound
        var generator = SeededGenerator(seed: 1)
        var found = 0
        for round in 0..<200 {
            var flipped = bytes
            // Half of the flips are in the pickle, half anywhere in the file.
            let range = round.isMultiple(of: 2) ? pickle..<(pickle + 82958) : bytes.indices
            flipped[.random(in: range, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            guard let error = failure(flipped) else { continue }
            found += 1
            #expect([.corrupt, .unsupported, .notAnArchive].contains(error.code))
        }
        // Checksums do not cover local headers and the padding between entries.
        #expect(found > 190)
    }

    private func bytes() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: Self.path)))
    }
}

internal import Inference
internal import PyTorch

/// The model in a checkpoint, with its layers in execution order.
struct SavedModel {
    /// A layer of the model.
    struct Layer {
        var module: Module
        /// Position in the execution order.
        var index: Int

        /// Positions of the layers that it reads from; empty if it reads the picture.
        var places: [Int] {
            get throws {
                let from = module.attribute("f")
                let numbers = from?.int.map { [$0] } ?? from?.list?.compactMap(\.int) ?? [-1]
                guard !numbers.isEmpty, numbers.count == from?.list?.count ?? 1 else {
                    throw module.error("has no valid list of inputs")
                }
                if index == 0, numbers == [-1] { return [] }
                return try numbers.map { number in
                    // Negative numbers count back from this layer.
                    let place = number < 0 ? index + number : number
                    guard (0..<index).contains(place) else {
                        throw module.error("reads from layer \(number), which does not precede it")
                    }
                    return place
                }
            }
        }

        /// Returns the layer's inputs.
        ///
        /// - Parameters:
        ///   - values: Outputs of the preceding layers.
        ///   - picture: Input of the first layer.
        /// - Returns: The inputs, at least one.
        /// - Throws: ``ModuleError`` if it reads from a layer that does not precede it.
        func inputs<Value>(among values: [Value], or picture: Value) throws -> [Value] {
            let places = try places
            return places.isEmpty ? [picture] : places.map { values[$0] }
        }
    }

    let layers: [Layer]
    private let model: Module
    private let root: PickleValue

    /// - Throws: ``YOLOError`` with `invalidModel` if the checkpoint does not hold a YOLO model.
    init(_ checkpoint: Checkpoint) throws {
        root = checkpoint.root
        // Prefer the moving average of the weights, which is the better model; it is None once training has finished.
        // Between releases 4 and 5 it was saved in a list, followed by its number of updates.
        let average = root.dictionary?["ema"]
        let candidates = [average, average?.list?.first, root.dictionary?["model"], root]
        guard let object = candidates.lazy.compactMap({ $0?.object }).first else { throw Self.refusal(of: root) }
        let saved = Module(object, path: "")
        // Training on several GPUs wraps the model.
        let isWrapped = ["DataParallel", "DistributedDataParallel"].contains(saved.kind)
        model = isWrapped ? saved.optionalModule("module") ?? saved : saved
        guard let sequence = model.optionalModule("model") else {
            throw YOLOError(.invalidModel, model.error("is not a YOLO model: it has no layers").message)
        }
        layers = sequence.modules.enumerated().map { Layer(module: $1, index: $0) }
    }

    /// The last layer, which contains the heads.
    var lastLayer: Layer {
        get throws {
            guard let last = layers.last else { throw model.error("has no layers") }
            return last
        }
    }

    /// Returns the names of `count` classes, saved as a list or as a dictionary; a missing name becomes `class <id>`.
    func labels(count: Int) -> [String] {
        let names = model.attribute("names")
        let listed = names?.list?.map(\.string)
        let numbered = names?.dictionary.map { dictionary in
            let pairs = dictionary.entries.compactMap { key, value in key.int.map { ($0, value.string) } }
            return Dictionary(pairs) { $1 }
        }
        return (0..<count).map { id in
            let name = numbered?[id] ?? listed.flatMap { id < $0.count ? $0[id] : nil }
            return name.flatMap { $0 } ?? "class \(id)"
        }
    }

    /// Longest side that the model was trained for, in pixels; nil unless the checkpoint states one in `32...4096`.
    var inputSide: Int? {
        // YOLOv5 saves its options, the Ultralytics package the arguments of the training, or of the model.
        let places = [root.dictionary?["opt"], root.dictionary?["train_args"], model.attribute("args")]
        let stated = places.lazy.compactMap { place in
            place?.dictionary?["imgsz"] ?? place?.object?.attribute("imgsz")
        }.first
        let side = stated?.int ?? stated?.list?.compactMap(\.int).max()
        return side.flatMap { (32...4096).contains($0) ? $0 : nil }
    }

    /// Family of the model, such as `YOLOv8` or `YOLO11`; nil if it has a configuration of its own.
    var family: String? {
        guard model.className.hasPrefix("ultralytics.") else { return "YOLOv5" }
        return model.attribute("yaml")?.dictionary?["yaml_file"]?.string.flatMap { ModelFamily(in: $0)?.name }
    }

    private static func refusal(of root: PickleValue) -> YOLOError {
        let holdsTensors =
            (root.dictionary?["state_dict"] ?? root.dictionary?["model"] ?? root).dictionary?.entries
            .contains { $0.1.tensor != nil } ?? false
        return YOLOError(
            .invalidModel,
            holdsTensors
                ? "it holds only weights (a state dict): save the complete model, as YOLO's training does"
                : "it holds no model: a YOLO checkpoint has one under \"model\" or \"ema\""
        )
    }
}

internal import Inference
internal import PyTorch

/// The model in a checkpoint: its layers in the order in which they run.
struct SavedModel {
    /// A layer, with the numbers of those it takes.
    struct Layer {
        var module: Module
        /// Place in the order of layers.
        var index: Int

        /// Places of the layers whose values it takes; none for what takes the picture.
        var places: [Int] {
            get throws {
                let from = module.attribute("f")
                let numbers = from?.int.map { [$0] } ?? from?.list?.compactMap(\.int) ?? [-1]
                guard !numbers.isEmpty, numbers.count == from?.list?.count ?? 1 else {
                    throw module.error("does not say what it takes")
                }
                if index == 0, numbers == [-1] { return [] }
                return try numbers.map { number in
                    // Negative numbers count back from this layer.
                    let place = number < 0 ? index + number : number
                    guard (0..<index).contains(place) else {
                        throw module.error("takes layer \(number), which is not before it")
                    }
                    return place
                }
            }
        }

        /// What the layer takes.
        ///
        /// - Parameters:
        ///   - values: What the layers before it gave.
        ///   - picture: What the first layer takes.
        /// - Returns: Its inputs, at least one.
        /// - Throws: ``ModuleError`` where it takes what is not there yet.
        func inputs<Value>(among values: [Value], or picture: Value) throws -> [Value] {
            let places = try places
            return places.isEmpty ? [picture] : places.map { values[$0] }
        }
    }

    let layers: [Layer]
    private let model: Module
    private let root: PickleValue

    /// - Throws: `InferenceError` when the checkpoint holds no YOLOv5 model.
    init(_ checkpoint: Checkpoint) throws {
        root = checkpoint.root
        // Training's moving average of the weights is the better model; it is None once training is over. Between
        // releases 4 and 5 it came with the number of its updates.
        let average = root.dictionary?["ema"]
        let candidates = [average, average?.list?.first, root.dictionary?["model"], root]
        guard let object = candidates.lazy.compactMap({ $0?.object }).first else { throw Self.refusal(of: root) }
        model = Module(object, path: "")
        guard let sequence = model.optionalModule("model") else {
            throw InferenceError(.invalidModel, model.error("is no YOLOv5 model: it has no layers").message)
        }
        layers = sequence.modules.enumerated().map { Layer(module: $1, index: $0) }
    }

    /// The last layer, which has the heads.
    var lastLayer: Layer {
        get throws {
            guard let last = layers.last else { throw model.error("has no layers") }
            return last
        }
    }

    /// Names of `count` classes, whether they were saved as a list or as a dictionary.
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

    /// Longest side that it was trained for, in pixels, where the checkpoint says so.
    var inputSide: Int? {
        let options = root.dictionary?["opt"]
        let side = options?.dictionary?["imgsz"]?.int ?? options?.object?.attribute("imgsz")?.int
        return side.flatMap { (32...4096).contains($0) ? $0 : nil }
    }

    private static func refusal(of root: PickleValue) -> InferenceError {
        let holdsTensors =
            (root.dictionary?["state_dict"] ?? root.dictionary?["model"] ?? root).dictionary?.entries
            .contains { $0.1.tensor != nil } ?? false
        return InferenceError(
            .invalidModel,
            holdsTensors
                ? "it holds weights alone (a state dict), and not the model: save the whole model, as YOLOv5's training does"
                : "it holds no model: a YOLOv5 checkpoint has one under \"model\" or \"ema\""
        )
    }
}

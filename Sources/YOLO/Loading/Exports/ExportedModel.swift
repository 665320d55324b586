internal import Basics
internal import Inference

/// An exported network, and the properties that its input, its metadata and its settings state.
struct ExportedModel {
    /// Size of the input in pixels.
    struct Size {
        var height: Int
        var width: Int
        /// Whether the export leaves both sides dynamic.
        var isFree: Bool
    }

    /// Supported sides of an export's input, in pixels.
    static let sides = 32...4096

    let model: Model
    let settings: ModelSettings
    /// Whether the input is whole numbers in `0...255`.
    private(set) var takesBytes = false

    init(_ model: Model, _ settings: ModelSettings = ModelSettings()) {
        self.model = model
        self.settings = settings
    }

    /// Returns an error that says what was found and what to do.
    func refusal(_ finding: String, _ advice: String) -> YOLOError {
        YOLOError(.invalidModel, "it \(finding.printable(limit: 500)): \(advice)")
    }

    /// Fixes a dynamic input to the size that the export or its settings state, or 640 x 640 pixels, and returns the size.
    ///
    /// Shapes inside the graph are known only if the input's size is fixed. Afterwards the picture is the only input.
    mutating func fixSize() throws -> Size {
        let advice = "it must accept one picture [1, 3, height, width], as YOLO's exports do"
        try bindSizes()
        guard model.inputs.count == 1 else { throw refusal("has \(model.inputs.count) inputs", advice) }
        guard let input = model.inputs[0], input.rank == 4, input[1] ?? 3 == 3 else {
            throw refusal("expects \(model.inputs[0]?.description ?? "a tensor of any rank")", advice)
        }
        takesBytes = try model.takeFloats()
        let usual = settings.size.map { (height: $0, width: $0) } ?? statedSize ?? (640, 640)
        let size = Size(
            height: input[2] ?? usual.height,
            width: input[3] ?? usual.width,
            isFree: input[2] == nil && input[3] == nil
        )
        guard Self.sides.contains(size.height), Self.sides.contains(size.width) else {
            throw refusal(
                "expects \(input)",
                "export it for sides of \(Self.sides.lowerBound) to \(Self.sides.upperBound) pixels"
            )
        }
        if input.elementCount == nil {
            do {
                try model.reshape(batch: input[0] ?? 1, height: size.height, width: size.width)
            } catch {
                throw refusal(
                    "does not accept pictures of \(size.width)x\(size.height)",
                    "state its size in a file beside it, such as `size: 384` in NAME.yaml"
                )
            }
        }
        return size
    }

    /// Replaces a second input, with the size of the picture that boxes are scaled to, by the size of the network's input.
    private func bindSizes() throws {
        let inputs = model.inputs
        guard inputs.count == 2, let place = inputs.firstIndex(where: { $0?.rank == 2 && $0?[1] ?? 2 == 2 }),
            let picture = inputs[1 - place], picture.rank == 4, let height = picture[2], let width = picture[3]
        else { return }
        try model.setInput(place, to: [Float(width), Float(height)])
    }

    /// Returns the longest side that the network is meant for, in pixels.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if its settings state another one than it accepts.
    func inputSide(_ size: Size, stride: Int, isDynamic: Bool) throws(YOLOError) -> Int {
        let longest = max(size.height, size.width)
        if let side = settings.size {
            guard isDynamic ? side.isMultiple(of: stride) : side == longest else {
                let accepted =
                    isDynamic ? "multiples of its stride of \(stride)" : "pictures of \(size.width)x\(size.height)"
                throw refusal("accepts only \(accepted)", "correct 'size' in the file beside it")
            }
            return side
        }
        // Networks with a fourth head are trained on larger pictures; a dynamic export of YOLOv5 does not state this.
        return size.isFree && statedSize == nil && stride >= 64 ? 1280 : longest
    }

    /// Returns the names of `count` classes; a missing name becomes `class <id>`.
    ///
    /// Networks that name no classes, but have as many as COCO, get COCO's names.
    /// - Throws: ``YOLOError`` with `invalidModel` if its settings name more classes than it has.
    func labels(count: Int) throws(YOLOError) -> [String] {
        try settings.checkNames(count: count)
        let names = names ?? COCONames.names(count: count) ?? []
        return (0..<count).map { $0 < names.count ? names[$0] : "class \($0)" }
    }

    /// Names that the settings or the file state.
    var names: [String]? {
        if let names = settings.names { return names }
        if let names = model.metadata("names").flatMap(ClassNames.parse) { return names }
        // IR exports of later models separate names by spaces and replace spaces inside a name by underscores.
        return model.metadata("labels")?.split(separator: " ").map { label in
            String(label.map { $0 == "_" ? " " : $0 })
        }
    }

    /// Returns the family that the file states, or else the one that was found.
    func family(found: ModelFamily?) -> ModelFamily? {
        guard let stated = model.metadata("description").flatMap(ModelFamily.init(in:)) else { return found }
        return ModelFamily(name: stated.name, isTransformer: found?.isTransformer ?? false)
    }

    /// Number of pixels that both sides must be a multiple of.
    var stride: Int {
        let stated = model.metadata("stride").flatMap { Int($0) } ?? 32
        return (8...256).contains(stated) ? stated : 32
    }

    /// Returns how the network expects pictures: as its family does, unless its settings state otherwise.
    func format(of family: InputFormat) -> InputFormat {
        var format = family
        // Exports that take bytes scale them to the range of their family themselves.
        if takesBytes { (format.mean, format.deviation) = ([0, 0, 0], [1, 1, 1]) }
        return format.with(settings)
    }

    /// Size that the network was exported for, which later models state as `[height, width]`; nil if not usable.
    private var statedSize: (height: Int, width: Int)? {
        let numbers = model.metadata("imgsz")?.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0) } ?? []
        guard let height = numbers.first, let width = numbers.last, numbers.count <= 2,
            numbers.allSatisfy({ Self.sides.contains($0) && $0.isMultiple(of: stride) })
        else { return nil }
        return (height, width)
    }
}

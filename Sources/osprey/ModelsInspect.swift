internal import ArgumentParser
internal import Inference
internal import YOLO

/// `osprey models inspect`: describes one model file.
struct ModelsInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Describes a model file, layer by layer.",
        discussion: """
            A checkpoint's layers are its modules, and nothing in it is run; an export's are its operations. Shapes \
            are those for a square picture of the model's input side.

            Example:
              osprey models inspect runs/train/exp/weights/best.pt
            """
    )

    @Argument(help: "A checkpoint (.pt), an ONNX export, or the .xml file of an OpenVINO IR.")
    var file: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let model = try usingModel(file) { try ModelInspection(file: modelFile(file), runtime: Runtime()) }
        if json { return try printJSON(ModelReport(model, hasLayers: true)) }
        var table = TextTable([
            ("layer", .right), ("inputs", .left), ("parameters", .right), ("type", .left), ("output", .left),
        ])
        for (index, layer) in model.layers.enumerated() {
            table.add([
                String(index), layer.inputs.map(String.init).joined(separator: ", "), layer.parameters.grouped,
                layer.type, layer.output?.description ?? "",
            ])
        }
        print(table.text)
        print("")
        if let family = model.family { print("family      \(family)") }
        print("task        \(model.task.rawValue)")
        print("classes     \(model.labels.count): \(model.labels.joined(separator: ", "))")
        print("input       \(model.inputSide) pixels, \(model.isDynamic ? "any shape" : "fixed")")
        print("pictures    \(model.format.description)")
        for head in model.heads {
            let anchors = head.anchors.map { "\($0.width)x\($0.height)" }.joined(separator: ", ")
            print("head        stride \(head.stride), \(anchors.isEmpty ? "without anchors" : "anchors \(anchors)")")
        }
        print("parameters  \(model.cost.parameters.grouped) with batch norms folded in")
        print("GFLOPs      \(model.cost.gigaOperations)")
        print("SHA-256     \(model.sha256)")
        if let reason = model.uncutReason { print("note        \(reason)") }
    }
}

internal import ArgumentParser
internal import Assets
internal import Basics
internal import FoundationEssentials
internal import Imaging
internal import Inference
internal import YOLO

/// The description of a model file, as JSON.
struct ModelReport: Encodable {
    struct Layer: Encodable {
        var inputs: [Int]
        var type: String
        var name: String
        var output: [Int?]?
        var parameters: Int
    }

    struct Head: Encodable {
        var stride: Int
        var anchors: [[Float]]
    }

    /// How the network expects pictures, with the keys of the settings beside a model.
    struct Pictures: Encodable {
        var scaling: String
        var antialias: Bool
        var colors: String
        var mean: [Float]
        var deviation: [Float]

        init(_ format: InputFormat) {
            scaling = format.placement.rawValue
            antialias = format.antialiases
            colors = format.colors.rawValue
            mean = format.mean
            deviation = format.deviation
        }
    }

    enum CodingKeys: String, CodingKey {
        case name
        case path
        case format
        case family
        case task
        case classes
        case inputSide = "input_side"
        case isDynamic = "dynamic"
        case pictures
        case heads
        case parameters
        case gflops
        case sha256
        case layers
        case error
    }

    var name: String
    var path: String
    var format: String
    var family: String?
    var task: String?
    var classes: [String]?
    var inputSide: Int?
    var isDynamic: Bool?
    var pictures: Pictures?
    var heads: [Head]?
    var parameters: Int?
    var gflops: Double?
    var sha256: String?
    var layers: [Layer]?
    /// Why the model cannot be served.
    var error: String?

    init(_ model: ModelInspection, hasLayers: Bool) {
        self.init(model.file)
        family = model.family
        task = model.task.rawValue
        classes = model.labels
        inputSide = model.inputSide
        isDynamic = model.isDynamic
        pictures = Pictures(model.format)
        heads = model.heads.map { head in
            Head(stride: head.stride, anchors: head.anchors.map { [$0.width, $0.height] })
        }
        parameters = model.cost.parameters
        gflops = model.cost.gigaOperations
        sha256 = model.sha256
        guard hasLayers else { return }
        layers = model.layers.map { layer in
            Layer(
                inputs: layer.inputs,
                type: layer.type,
                name: layer.name,
                output: layer.output?.dimensions,
                parameters: layer.parameters
            )
        }
    }

    init(file: ModelFile, result: Result<ModelInspection, any Error>, hasLayers: Bool) {
        switch result {
        case .success(let model): self.init(model, hasLayers: hasLayers)
        case .failure(let failure):
            self.init(file)
            error = failure.explanation
        }
    }

    private init(_ file: ModelFile) {
        name = file.name
        path = file.path
        format = file.format.rawValue
    }
}

/// Returns the model file that an argument names.
func modelFile(_ path: String) throws -> ModelFile {
    guard let file = ModelFile(path: path) else {
        throw CommandError.usage("\(path) is not a model: its name must end in .pt, .onnx or .xml.")
    }
    return file
}

/// Returns a model file by its path, or by the model's name in a folder; one that is missing is fetched.
///
/// - Parameters:
///   - name: A path or a name; nil for the default model, or another one if that does not exist.
///   - directory: The folder.
///   - mayDownload: Whether public addresses are tried.
///   - isQuiet: Whether to say nothing of a choice that was made.
/// - Returns: The file.
/// - Throws: ``CommandError`` if there is no such model.
func modelFile(
    named name: String?,
    in directory: String,
    mayDownload: Bool,
    isQuiet: Bool = false
) async throws -> ModelFile {
    if let name, name.contains("/") || FileManager.default.fileExists(atPath: name) { return try modelFile(name) }
    let finder = try AssetFinder(models: directory, data: "data", mayDownload: mayDownload)
    let model = try await finder.requiredModel(named: name, in: directory)
    if name == nil, !isQuiet, model.file.name != AssetFinder.preferredModels[0] {
        let reasons = model.obstacles.isEmpty ? "" : " (\(model.obstacles.joined(separator: "; ")))"
        let choice = model.isDemo ? "the demo's model, which finds only drawn shapes" : model.file.path
        let note = "Note: using \(choice)\(reasons). Choose another with --model or OSPREY_MODEL.\n"
        writeToStandardError(Array(note.utf8))
    }
    return model.file
}

/// Runs `body` and adds the file's path to its `YOLOError`s, or to a message if the file ends this process.
func usingModel<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try withCrashMessage("Error: \(path) cannot be used: it is damaged, and crashed OpenVINO.", body)
    } catch let error as YOLOError {
        throw CommandError("\(path) cannot be used: \(error.message).")
    }
}

/// Prints a value as JSON, with sorted keys.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

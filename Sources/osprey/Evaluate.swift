public import ArgumentParser
internal import Evaluation
internal import FoundationEssentials
public import Inference
internal import ObjectDetection
internal import YOLO

/// `osprey evaluate`: how good a model is, by COCO's measure.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a model's accuracy on pictures whose objects are known.",
        discussion: """
            Prints COCO's twelve figures as pycocotools does, for boxes and, where the model and the annotations have \
            them, for masks, and a table by class.

            Annotations are a COCO file (instances_*.json), or a folder of YOLO labels (a text file for each picture).

            Examples:
              osprey evaluate models/yolov5n.onnx --images data/coco128/images/train2017 \\
                --annotations data/coco128/annotations/instances_train2017.json
              osprey evaluate best.pt --images valid/images --annotations valid/labels --json
            """
    )

    @Argument(help: "The model: a checkpoint (.pt), an ONNX export, or the .xml file of an OpenVINO IR.")
    var model: String

    @Option(help: ArgumentHelp("Folder with the pictures.", valueName: "dir"))
    var images: String

    @Option(help: ArgumentHelp("COCO annotations (.json), or a folder of YOLO labels.", valueName: "path"))
    var annotations: String

    @Option(help: "Arithmetic: auto, f32 or bf16.")
    var precision = Precision.auto

    @Option(help: ArgumentHelp("Network input: rectangular or square.", valueName: "shape"))
    var input = InputShape.rectangular

    @Option(help: "Score that a detection must exceed.")
    var confidence: Float = 0.001

    @Option(help: "Overlap above which the weaker of two detections is dropped.")
    var iou: Float = 0.6

    @Option(help: ArgumentHelp("Detections to keep in a picture at most.", valueName: "count"))
    var maxDetections = 300

    @Flag(help: "Evaluate boxes alone, also of a segmentation model.")
    var boxesOnly = false

    @Option(help: ArgumentHelp("Write the detections here, in COCO's form of results.", valueName: "file"))
    var saveDetections: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// The form of the network's input.
    enum InputShape: String, CaseIterable, ExpressibleByArgument {
        case rectangular
        case square
    }

    func validate() throws {
        guard (0...1).contains(confidence), (0...1).contains(iou), (1...10_000).contains(maxDetections) else {
            throw ValidationError("--confidence and --iou go from 0 to 1, --max-detections from 1 to 10000.")
        }
    }

    func run() async throws {
        let cores = CPUBudget.current().cores
        let configuration = YOLODetector.Configuration(
            compilation: CompileOptions(precision: precision, streams: cores, threads: cores),
            isRectangular: input == .rectangular
        )
        let detector = try usingModel(model) {
            try YOLODetector(file: modelFile(model), configuration: configuration, runtime: Runtime())
        }
        do {
            let groundTruth = try GroundTruth(annotations: annotations, images: images, labels: detector.model.labels)
            let run = EvaluationRun(
                detector: detector,
                options: DetectionOptions(
                    confidenceThreshold: confidence,
                    iouThreshold: iou,
                    maximumDetections: maxDetections,
                    multiLabel: true,
                    masks: !boxesOnly
                ),
                groundTruth: groundTruth,
                mapping: try CategoryMapping(labels: detector.model.labels.names, groundTruth: groundTruth),
                directory: images,
                inFlight: 2 * cores
            )
            try report(try await run.detections(), of: run)
        } catch let error as EvaluationError {
            throw CommandError(error.message)
        }
    }

    private func report(_ detections: [Int: [COCODetection]], of run: EvaluationRun) throws {
        if let saveDetections {
            do {
                try Data(COCOResultsFile.encode(detections)).write(to: URL(filePath: saveDetections), options: .atomic)
            } catch {
                throw CommandError("The detections cannot be written to \(saveDetections): \(error)")
            }
        }
        let hasMasks = run.detector.model.task == .segment && !boxesOnly && run.groundTruth.hasOutlines
        if run.detector.model.task == .segment, !boxesOnly, !run.groundTruth.hasOutlines {
            writeToStandardError(Array("Note: not every object has an outline, so masks are not measured.\n".utf8))
        }
        let results = try (hasMasks ? [COCOEvaluation.Kind.boxes, .masks] : [.boxes]).map { kind in
            var evaluation = try COCOEvaluation(groundTruth: run.groundTruth, kind: kind)
            for (imageID, found) in detections { try evaluation.add(found, imageID: imageID) }
            return evaluation.result()
        }
        if json { return try printJSON(EvaluationReport(run.detector.model, pictures: detections.count, results)) }
        for renamed in run.mapping.renamedClasses {
            writeToStandardError(Array("Note: class \(renamed.label) counts as \(renamed.category).\n".utf8))
        }
        for result in results {
            let model = run.detector.model
            print(
                "\(model.name), \(model.precision), \(input.rawValue), \(detections.count) pictures: \(result.kind.title)"
            )
            print(result.summary)
            print("")
            print(result.categoryTable)
            if result.kind != results.last?.kind { print("") }
        }
    }
}

extension Precision: ExpressibleByArgument {}

extension COCOEvaluation.Kind {
    fileprivate var title: String {
        switch self {
        case .boxes: "boxes"
        case .masks: "masks"
        }
    }
}

/// What an evaluation has found, as JSON.
private struct EvaluationReport: Encodable {
    var model: String
    var sha256: String
    var precision: String
    var pictures: Int
    var results: [COCOResult]

    init(_ model: ModelDescription, pictures: Int, _ results: [COCOResult]) {
        self.model = model.name
        sha256 = model.sha256
        precision = model.precision
        self.pictures = pictures
        self.results = results
    }
}

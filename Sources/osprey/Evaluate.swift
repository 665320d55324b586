internal import ArgumentParser
internal import Basics
internal import DecodeWorkers
internal import DetectionPipeline
internal import Evaluation
internal import FoundationEssentials
internal import Imaging
internal import Inference
internal import JSONSchema
internal import ObjectDetection
internal import Scheduling
internal import YOLO

/// `osprey evaluate`: measures a model's accuracy with COCO's metrics.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a model's accuracy on annotated pictures.",
        discussion: """
            Prints COCO's twelve metrics in pycocotools' format for boxes and, if the model and the annotations have \
            them, for masks; then a table by class. Pictures are read as in the service, or with --as-trained as in \
            YOLOv5's training, to compare with reference figures.

            Annotations are a COCO file (instances_*.json), or a folder of YOLO labels (one text file per picture).

            Examples:
              osprey evaluate models/yolov5n.onnx --images data/coco128/images/train2017 \\
                --annotations data/coco128/annotations/instances_train2017.json
              osprey evaluate best.pt --images valid/images \\
                --annotations valid/labels --json
            """
    )

    @Argument(help: "The model: a checkpoint (.pt), an ONNX export, or the .xml file of an OpenVINO IR.")
    var model: String

    @Option(help: ArgumentHelp("Folder with the pictures.", valueName: "dir"))
    var images: String

    @Option(help: ArgumentHelp("COCO annotations (.json), or a folder of YOLO labels.", valueName: "path"))
    var annotations: String

    @Option(help: "Device that runs the network; `osprey version` lists them.")
    var device = CompileOptions.usualDevice

    @Option(help: "Arithmetic: auto, f32 or bf16.")
    var precision = Precision.auto

    @Option(help: ArgumentHelp("Network input: rectangular or square.", valueName: "shape"))
    var input = InputShape.rectangular

    @Flag(help: "Read pictures as training did: ignore colour profiles, and decode large JPEGs at full resolution.")
    var asTrained = false

    @Option(help: "Colour profiles in pictures: apply or ignore.")
    var colorProfiles = EmbeddedProfile.apply

    @Option(help: .field(DetectionFields.size))
    var size: String?

    @Option(help: .field(DetectionFields.slices))
    var slices: String?

    @Option(help: .field(Self.confidenceField))
    var confidence: String?

    @Option(help: .field(Self.iouField))
    var iou: String?

    @Option(help: .field(DetectionFields.maxDetections))
    var maxDetections: String?

    @Flag(help: "Evaluate only boxes, even of a segmentation model.")
    var boxesOnly = false

    @Option(help: ArgumentHelp("Write the detections to this file, in COCO's results format.", valueName: "file"))
    var saveDetections: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// The shape of the network's input.
    enum InputShape: String, CaseIterable, ExpressibleByArgument {
        case rectangular
        case square
    }

    /// The thresholds of YOLOv5's own evaluation.
    private static let confidenceField = DetectionFields.confidence.defaulting(to: 0.001)
    private static let iouField = DetectionFields.iou.defaulting(to: 0.6)

    func validate() throws { _ = try values }

    private var values: Values {
        get throws {
            try Values(options: [
                (DetectionFields.size, size), (DetectionFields.slices, slices),
                (Self.confidenceField, confidence ?? Self.confidenceField.schema.defaultText),
                (Self.iouField, iou ?? Self.iouField.schema.defaultText),
                (DetectionFields.maxDetections, maxDetections),
            ])
        }
    }

    func run() async throws {
        let cores = CPUBudget.current().cores
        let configuration = YOLODetector.Configuration(
            compilation: CompileOptions(device: device, precision: precision, streams: cores, threads: cores),
            isRectangular: input == .rectangular
        )
        let detector = try usingModel(model) {
            try YOLODetector(file: modelFile(model), configuration: configuration, runtime: Runtime())
        }
        do {
            let groundTruth = try GroundTruth(annotations: annotations, images: images, labels: detector.model.labels)
            var settings = try DetectionSettings(try values, for: detector.model, at: "option")
            if let thresholds = try values.object(DetectionFields.confidence.name), thresholds.all["*"] == nil {
                settings.options.confidenceThreshold = Float(Self.confidenceField.schema.defaultText ?? "") ?? 0
            }
            settings.options.multiLabel = true
            settings.options.masks = !boxesOnly
            let inFlight = 2 * cores
            let request = DetectionRequest(
                detector,
                settings: settings,
                decoding: asTrained ? .asTrained : .standard
            ).using(.throughput)
            let run = EvaluationRun(
                pipeline: DetectionPipeline(
                    decoder: PictureDecoder(
                        DecodingOptions(embeddedProfile: colorProfiles),
                        workers: DecodeWorkerPool(
                            limits: .init(idleCount: inFlight, maximumPixels: ImageLimits().maximumPixels)
                        )
                    ),
                    queue: WorkQueue(slots: inFlight, capacity: .max),
                    workers: WorkerPool(threadCount: inFlight + 1)
                ),
                request: request,
                groundTruth: groundTruth,
                mapping: try CategoryMapping(labels: detector.model.labels.names, groundTruth: groundTruth),
                directory: images,
                inFlight: inFlight
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
        let hasMasks = run.request.detector.model.task == .segment && !boxesOnly && run.groundTruth.hasOutlines
        if run.request.detector.model.task == .segment, !boxesOnly, !run.groundTruth.hasOutlines {
            writeToStandardError(Array("Note: some objects have no outline, so masks are not evaluated.\n".utf8))
        }
        let results = try (hasMasks ? [COCOEvaluation.Kind.boxes, .masks] : [.boxes]).map { kind in
            var evaluation = try COCOEvaluation(groundTruth: run.groundTruth, kind: kind)
            for (imageID, found) in detections { try evaluation.add(found, imageID: imageID) }
            return evaluation.result()
        }
        if json {
            return try printJSON(EvaluationReport(run.request.detector.model, pictures: detections.count, results))
        }
        for renamed in run.mapping.renamedClasses {
            writeToStandardError(Array("Note: class \(renamed.label) counts as \(renamed.category).\n".utf8))
        }
        for result in results {
            let model = run.request.detector.model
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
extension EmbeddedProfile: ExpressibleByArgument {}

extension COCOEvaluation.Kind {
    fileprivate var title: String {
        switch self {
        case .boxes: "boxes"
        case .masks: "masks"
        }
    }
}

/// The results of an evaluation, as JSON.
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

internal import ArgumentParser
internal import DetectionService
internal import FoundationEssentials
internal import Glibc
internal import Imaging
internal import Inference
internal import NIOPosix
internal import ObjectDetection
internal import YOLO

/// `osprey detect`: finds objects in files.
struct Detect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds objects in pictures: files, folders, as many as there are.",
        discussion: """
            A picture is a file, or every one in a folder and the folders in it; a pattern in quotes; @FILE, a list \
            of these with one a line (@- reads it from standard input); or -, a picture from standard input.

            Results go to standard output as --format says, in the order of the pictures. With --output they go to a \
            folder: a line of JSON for each picture in detections.jsonl, written as soon as it is known, the pictures \
            with the detections drawn in pictures/, and, for another --format, a file of it at the end. After a crash, \
            or in a folder that has got more pictures, --resume does what is left.

            A file that cannot be read is told of on standard error, and the others go on; the exit code is 1 then. It \
            is 74 where results cannot be written, 75 where another run writes to them, and 64 for wrong options.

            Examples:
              osprey detect photo.jpg
              osprey detect holiday/ --output found/ --classes person,dog --confidence 0.5
              osprey detect data/coco128 --format csv > found.csv
              find . -name '*.jpg' | osprey detect @- --format jsonl | jq .payload
              osprey detect pictures/ --output results/ --shard 1/4 --resume
            """
    )

    @Argument(
        help: ArgumentHelp("Files, folders, patterns, @FILE for a list of them, - for a picture.", valueName: "path")
    )
    var paths: [String]

    @Option(help: ArgumentHelp("A model's file, or its name in the models' folder. (default: yolov5s, or another)"))
    var model: String?

    @Option(help: ArgumentHelp("Folder with models. (default: models)", valueName: "dir"))
    var models: String?

    @Option(name: [.short, .long], help: ArgumentHelp("Form of the results. (default: text, or jsonl with --output)"))
    var format: ResultFormat?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Folder for the results and the drawn pictures.", valueName: "dir")
    )
    var output: String?

    @Flag(inversion: .prefixedNo, help: "Draw what was found on copies of the pictures.")
    var draw = true

    @Flag(help: "Go on in a folder that has results already.")
    var resume = false

    @Option(help: ArgumentHelp("Work on the Ith of N equal shares of the pictures.", valueName: "I/N"))
    var shard: Shard?

    @Option(help: "Score that a detection must exceed.")
    var confidence: Float = 0.25

    @Option(help: "Overlap above which the weaker of two detections is dropped.")
    var iou: Float = 0.45

    @Option(help: ArgumentHelp("Detections to keep in a picture at most.", valueName: "count"))
    var maxDetections = 300

    @Option(help: ArgumentHelp("Classes to keep, by name or number, with commas. (default: all)", valueName: "classes"))
    var classes: String?

    @Flag(help: "Let detections of different classes suppress each other.")
    var agnosticNMS = false

    @Flag(help: "Let one box be of several classes.")
    var multiLabel = false

    @Option(help: ArgumentHelp("Form of the masks of a segmentation model.", valueName: "form"))
    var masks = MaskForm.polygon

    @Option(help: ArgumentHelp("Pixels that polygons may be off to have fewer points.", valueName: "pixels"))
    var polygonTolerance = 0.0

    @Option(help: ArgumentHelp("Arithmetic: auto, f32 or bf16. (default: auto)"))
    var precision: String?

    @Option(help: ArgumentHelp("Pictures in the network at the same time. (default: one a core)", valueName: "count"))
    var streams: String?

    @Option(help: ArgumentHelp("Inference threads over all streams. (default: one a core)", valueName: "count"))
    var threads: String?

    @Option(help: ArgumentHelp("Folder for compiled models. (default: MODELS/.cache)", valueName: "dir"))
    var cache: String?

    @Option(help: ArgumentHelp("Most pixels of a picture. (default: 50000000)", valueName: "pixels"))
    var maxPixels: String?

    @Flag(name: [.short, .long], help: "Say nothing but results and errors.")
    var quiet = false

    func validate() throws {
        guard (0...1).contains(confidence), (0...1).contains(iou), (1...10_000).contains(maxDetections),
            (0...100).contains(polygonTolerance)
        else {
            throw ValidationError(
                "--confidence and --iou go from 0 to 1, --max-detections from 1 to 10000, --polygon-tolerance to 100."
            )
        }
        if output == nil {
            guard !resume else { throw ValidationError("--resume goes on in a folder: name it with --output.") }
            guard format != .yolo else {
                throw ValidationError("YOLO has a file for each picture: name a folder with --output.")
            }
        } else if format == .text {
            throw ValidationError("--format text is for people to read, not for a folder: choose jsonl or another.")
        }
    }

    func run() async throws {
        let given = [
            ("model", model), ("models", models), ("precision", precision), ("streams", streams), ("threads", threads),
            ("cache", cache), ("max-pixels", maxPixels),
        ]
        let settings = try Settings(
            given: given.compactMap { name, value in value.map { (name, $0) } },
            file: nil,
            known: []
        )
        let list = try PictureList(paths, without: output.map { "\($0)/pictures" })
        guard !list.pictures.isEmpty else {
            throw CommandError("There is no picture in \(paths.joined(separator: ", ")).")
        }
        let plan = InferencePlan(
            streams: try settings.integer("streams", in: 1...1024),
            threads: try settings.integer("threads", in: 1...1024),
            budget: .current()
        )
        let detector = try loadDetector(settings, plan: plan, pictureCount: list.pictures.count)
        let options = try detectionOptions(for: detector.model)
        let folder = try output.map { path in
            try ResultsFolder(
                path: path,
                shard: shard,
                settings: try record(of: detector.model, options),
                resumes: resume
            )
        }
        let pictures = list.pictures.enumerated()
            .filter { shard?.contains($0.offset) ?? true }
            .map(\.element)
            .filter { folder?.has($0) != true }
        let pool = NIOThreadPool(numberOfThreads: plan.slots + 1)
        pool.start()
        let run = DetectionRun(
            detector: detector,
            options: options,
            masks: masks,
            polygonTolerance: polygonTolerance,
            limits: ImageLimits(
                maximumBytes: 1 << 30,
                maximumPixels: try settings.integer("max-pixels", in: 1...1_000_000_000, default: 50_000_000)
            ),
            drawnFolder: draw ? output.map { "\($0)/pictures" } : nil,
            inFlight: min(plan.slots, max(1, pictures.count)),
            executor: WorkerExecutor(pool: pool)
        )
        try await detect(pictures, by: run, into: folder)
    }

    private func detect(
        _ pictures: [PictureList.Picture],
        by run: DetectionRun,
        into folder: ResultsFolder?
    ) async throws {
        let labels = run.detector.model.labels.names
        var writer = ResultWriter(format ?? .text, labels: labels)
        // On a terminal, results that come line by line tell themselves how far it is.
        let isSilent = quiet || (folder == nil && isatty(STDOUT_FILENO) == 1)
        var progress = isSilent ? nil : ProgressBar("Detecting", total: pictures.count, unit: "pictures")
        var tally = Tally()
        if folder == nil { try printBytes(writer.beginning()) }
        do {
            try await run.run(pictures) { outcome in
                switch outcome.result {
                case .success(let record):
                    tally.pictures += 1
                    tally.objects += record.objects.count
                    if let folder { try folder.append(record) } else { try printBytes(writer.add(record)) }
                case .failure(let failure):
                    tally.failures += 1
                    progress?.clear()
                    let reason = failure.reason.hasSuffix(".") ? String(failure.reason.dropLast()) : failure.reason
                    TerminalStyle.error.write("Error: \(outcome.picture.path.printable): \(reason).\n")
                }
                progress?.update(tally.pictures + tally.failures)
            }
        } catch {
            progress?.clear()
            throw error
        }
        var place = ""
        if let folder {
            place = " in \(try folder.export(as: format ?? .jsonl, labels: labels))"
        } else {
            try printBytes(writer.end())
        }
        if !quiet { writeToStandardError(Array("\(tally.text(skipped: folder?.doneCount ?? 0))\(place)\n".utf8)) }
        if tally.failures > 0 { throw ExitCode.failure }
    }

    private func loadDetector(_ settings: Settings, plan: InferencePlan, pictureCount: Int) throws -> YOLODetector {
        let models = settings.text("models", default: "models")
        let precisions = Precision.allCases.map { ($0.rawValue, $0) }
        let cache = settings.text("cache", default: "\(models)/.cache")
        let file = try modelFile(named: settings.text("model"), in: models)
        // Where there can be no cache, the next run takes a moment longer.
        try? FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        var configuration = YOLODetector.Configuration(
            compilation: CompileOptions(
                precision: try settings.choice("precision", of: precisions, default: .auto),
                streams: plan.streams,
                threads: plan.threads
            ),
            cacheDirectory: FileManager.default.isWritableFile(atPath: cache) ? cache : nil
        )
        // Compiling takes as long as ten pictures, and saves a tenth of those behind it.
        if pictureCount >= 500 {
            configuration.background = { work in NIOThreadPool.singleton.submit { _ in work() } }
        }
        return try usingModel(file.path) {
            try YOLODetector(file: file, configuration: configuration, runtime: Runtime())
        }
    }

    private func detectionOptions(for model: ModelDescription) throws -> DetectionOptions {
        let wanted = try classes.map { try classIDs($0, of: model.labels, modelName: model.name) }
        return DetectionOptions(
            confidenceThreshold: confidence,
            iouThreshold: iou,
            maximumDetections: maxDetections,
            classes: wanted,
            classAgnostic: agnosticNMS,
            multiLabel: multiLabel,
            masks: masks != .none
        )
    }

    /// Classes by name or number, with commas between them.
    private func classIDs(_ text: String, of labels: LabelMap, modelName: String) throws -> Set<Int> {
        var ids: Set<Int> = []
        for part in text.split(separator: ",") {
            let name = part.trimmed
            guard let id = labels.classID(named: name) ?? labels.names.indices.first(where: { String($0) == name })
            else {
                throw CommandError.usage(
                    "\(modelName) has no class \(name); `osprey models inspect` lists its \(labels.count)."
                )
            }
            ids.insert(id)
        }
        guard !ids.isEmpty else { throw CommandError.usage("--classes names no class; leave it out for all.") }
        return ids
    }

    /// What the results of a folder depend on.
    private func record(of model: ModelDescription, _ options: DetectionOptions) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let record = RunRecord(
            agnosticNMS: agnosticNMS,
            classes: options.classes.map { $0.sorted() },
            confidence: Double("\(confidence)") ?? 0,
            draw: draw,
            iou: Double("\(iou)") ?? 0,
            masks: masks.rawValue,
            maxDetections: maxDetections,
            model: model.name,
            multiLabel: multiLabel,
            polygonTolerance: polygonTolerance,
            precision: model.precision,
            sha256: model.sha256,
            shards: shard?.count
        )
        return [UInt8](try encoder.encode(record)) + [UInt8(ascii: "\n")]
    }

    private func printBytes(_ bytes: [UInt8]) throws {
        try ResultsFile.write(bytes, to: STDOUT_FILENO, at: ResultsFile.standardOutput)
    }
}

extension MaskForm: ExpressibleByArgument {}

extension Substring {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " }
        return String(String(drop(while: isSpace).reversed().drop(while: isSpace)).reversed())
    }
}

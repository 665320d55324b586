internal import ArgumentParser
internal import Basics
internal import DecodeWorkers
internal import DetectionPipeline
internal import FoundationEssentials
internal import Glibc
internal import Imaging
internal import Inference
internal import JSONSchema
internal import NIOPosix
internal import ObjectDetection
internal import Scheduling
internal import Video
internal import YOLO

/// `osprey detect`: detects objects in pictures and videos.
struct Detect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Detects objects in pictures and videos.",
        discussion: """
            Each path is a file; a folder, searched recursively; a quoted pattern; @FILE, a list of paths with one per \
            line (@- reads it from standard input); -, a picture from standard input; or the address of a camera or \
            stream: rtsp://, http://, /dev/video0.

            Objects in videos are followed and numbered. Videos need ffmpeg (apt-get install ffmpeg).

            Results are printed in the order of the pictures, in the format that --format names. With --output they go \
            to a folder: one line of JSON per picture in detections.jsonl, written as soon as it is known; the \
            pictures with the detections drawn in pictures/, the videos in videos/; and, for another --format, a file in \
            that format at the end. After a crash, or when pictures were added, --resume processes the rest.

            Unreadable files are reported on standard error and skipped; the exit code is then 1. It is 74 if results \
            cannot be written, 75 if another run writes to the same folder, and 64 for invalid options.

            Examples:
              osprey detect photo.jpg
              osprey detect holiday/ --output found/ --classes person,dog --confidence 0.5
              osprey detect data/coco128 --format csv > found.csv
              find . -name '*.jpg' | osprey detect @- --format jsonl | jq .payload
              osprey detect pictures/ --output results/ --shard 1/4 --resume
              osprey detect clip.mp4 --output watched/ --classes person,car
              osprey detect rtsp://camera.local/stream --fps 5 --format jsonl
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Files, folders, patterns, addresses, @FILE for a list of paths, - for standard input.",
            valueName: "path"
        )
    )
    var paths: [String]

    @Option(
        help: ArgumentHelp(
            "Model file, or name of a model in --models. (default: yolov5s, which is fetched, or another that is there)"
        )
    )
    var model: String?

    @Option(help: ArgumentHelp("Folder with models. (default: models)", valueName: "dir"))
    var models: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Format of the results. (default: text, or jsonl with --output)")
    )
    var format: ResultFormat?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Folder for the results and the drawn pictures.", valueName: "dir"),
        transform: withoutSlash
    )
    var output: String?

    @Flag(inversion: .prefixedNo, help: "Draw the detections on copies of the pictures and videos.")
    var draw = true

    @Flag(help: "Save the picture of each detection in crops/ of the output folder, by class.")
    var saveCrops = false

    @Flag(help: "Continue in a folder that has results.")
    var resume = false

    @Option(
        help: ArgumentHelp("Process the Ith of N equal shares of the pictures, and of each video.", valueName: "I/N")
    )
    var shard: Shard?

    @Option(help: ArgumentHelp("Of videos, process every Nth picture.", valueName: "N"))
    var every: Int?

    @Option(help: ArgumentHelp("Of videos, process at most so many pictures per second.", valueName: "rate"))
    var fps: Double?

    @Option(
        help: ArgumentHelp(
            "Of videos, skip pictures in which nothing moves; auto does so for cameras.",
            valueName: "choice"
        )
    )
    var gate = Gate.auto

    @Flag(inversion: .prefixedNo, help: "Follow objects in videos, and number them.")
    var tracks = true

    @OptionGroup(title: "Options of the detection")
    var detection: DetectionFlags

    @OptionGroup var processing: ProcessingOptions

    @Flag(name: [.short, .long], help: "Print nothing but results and errors.")
    var quiet = false

    /// The path of a folder without slashes at its end.
    private static func withoutSlash(_ path: String) -> String {
        String(path.prefix(1) + path.dropFirst().reversed().drop { $0 == "/" }.reversed())
    }

    func validate() throws {
        guard every == nil || fps == nil else { throw ValidationError("Choose --every or --fps.") }
        guard every.map({ (1...1_000_000).contains($0) }) ?? true else {
            throw ValidationError("--every must be a number from 1 to 1000000.")
        }
        guard fps.map({ (0.001...1000).contains($0) }) ?? true else {
            throw ValidationError("--fps must be a number from 0.001 to 1000.")
        }
        guard format != .mot || tracks else { throw ValidationError("--format mot is for followed objects.") }
        if output == nil {
            guard !resume else { throw ValidationError("--resume continues in a folder: add --output.") }
            guard !saveCrops else { throw ValidationError("--save-crops writes to a folder: add --output.") }
            guard format != .yolo else {
                throw ValidationError("--format yolo writes one file per picture: add --output with a folder.")
            }
        } else if format == .text {
            throw ValidationError("--format text is for terminals, not for folders: choose jsonl or another.")
        }
    }

    func run() async throws {
        let given = [("model", model), ("models", models)] + processing.all
        let settings = try Settings(
            given: given.compactMap { name, value in value.map { (name, $0) } },
            file: nil,
            known: []
        )
        let list = try PictureList(
            paths,
            without: output.map { folder in ["pictures", "videos", "crops"].map { "\(folder)/\($0)" } } ?? []
        )
        guard !list.pictures.isEmpty else {
            throw CommandError(
                "There are no pictures or videos in \(paths.map(VideoSource.description).joined(separator: ", "))."
            )
        }
        let videos = list.pictures.filter(\.isVideo)
        guard videos.isEmpty || !saveCrops else {
            throw CommandError.usage("--save-crops is for pictures, and \(videos[0].shownPath) is a video.")
        }
        guard format != .mot || list.pictures.count == videos.count else {
            throw CommandError.usage("--format mot is for videos: choose another for pictures.")
        }
        guard format != .mot || output != nil || list.pictures.count == 1 else {
            throw CommandError.usage("--format mot writes one file per video: add --output with a folder.")
        }
        let plan = InferencePlan(
            streams: try settings.integer("streams", in: 1...1024),
            threads: try settings.integer("threads", in: 1...1024),
            budget: .current()
        )
        let detector = try await loadDetector(settings, plan: plan, pictureCount: list.pictures.count)
        let request = try request(to: detector)
        let decoding = DecodingOptions(
            limits: ImageLimits(
                maximumBytes: 1 << 30,
                maximumPixels: try settings.integer("max-pixels", in: 1...1_000_000_000, default: 50_000_000)
            ),
            embeddedProfile: try settings.embeddedProfile,
            acceptsTruncated: try settings.acceptsTruncated
        )
        let folder = try output.map { path in
            try ResultsFolder(path: path, shard: shard, settings: try record(of: request, decoding), resumes: resume)
        }
        let pictures = list.pictures.filter { !$0.isVideo }.enumerated()
            .filter { shard?.contains($0.offset) ?? true }
            .map(\.element)
            .filter { folder?.has($0) != true }
        let inFlight = videos.isEmpty ? min(plan.slots, max(1, pictures.count)) : plan.slots
        let run = DetectionRun(
            pipeline: DetectionPipeline(
                decoder: PictureDecoder(
                    decoding,
                    workers: DecodeWorkerPool(
                        limits: .init(idleCount: inFlight, maximumPixels: decoding.limits.maximumPixels)
                    )
                ),
                queue: WorkQueue(slots: plan.slots, capacity: .max),
                workers: WorkerPool(threadCount: plan.slots + 1)
            ),
            request: request.using(inFlight == 1 && request.settings.slices == nil ? .latency : .throughput),
            drawnDirectory: drawsPictures ? output.map { "\($0)/pictures" } : nil,
            cropsDirectory: saveCrops ? output.map { "\($0)/crops" } : nil,
            inFlight: inFlight
        )
        let output = try ResultOutput(
            format ?? (folder == nil ? .text : .jsonl),
            into: folder,
            labels: detector.model.labels.names,
            hasVideos: !videos.isEmpty,
            isQuiet: quiet
        )
        do {
            if !pictures.isEmpty || videos.isEmpty { try await detect(pictures, by: run, to: output) }
            for video in videos { try await detect(video, by: run, into: folder, to: output) }
        } catch {
            output.clear()
            throw error
        }
        guard try output.finish() else { throw ExitCode.failure }
    }

    private var drawsPictures: Bool { draw && output != nil }

    private func request(to detector: YOLODetector) throws -> DetectionRequest {
        do {
            let values = try detection.values
            var settings = try DetectionSettings(values, for: detector.model, at: "option")
            if saveCrops { settings.cropMargin = DetectionSettings.cropMargin(values) }
            let request = DetectionRequest(detector, settings: settings)
            return drawsPictures ? request.drawing(as: nil) : request
        } catch let errors as ValidationErrors {
            throw CommandError.usage(errors.list.map(\.optionMessage).joined(separator: " "))
        }
    }

    private func detect(
        _ pictures: [PictureList.Picture],
        by run: DetectionRun,
        to output: ResultOutput
    ) async throws {
        output.begin("Detecting", total: pictures.count, unit: "pictures")
        var done = 0
        try await run.run(pictures) { outcome in
            switch outcome.result {
            case .success(let record): try output.add(record)
            case .failure(let failure): output.fail(outcome.picture.shownPath, failure.reason)
            }
            done += 1
            output.update(done)
        }
    }

    private func loadDetector(_ settings: Settings, plan: InferencePlan, pictureCount: Int) async throws -> YOLODetector
    {
        let models = settings.text("models", default: "models")
        let precisions = Precision.allCases.map { ($0.rawValue, $0) }
        let cache = settings.text("cache", default: "\(models)/.cache")
        let file = try await modelFile(
            named: settings.text("model"),
            in: models,
            mayDownload: settings.mayDownload,
            isQuiet: quiet
        )
        // Without a cache, the next start takes a little longer.
        try? FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        var configuration = YOLODetector.Configuration(
            compilation: CompileOptions(
                device: settings.text("device", default: CompileOptions.usualDevice),
                precision: try settings.choice("precision", of: precisions, default: .auto),
                streams: plan.streams,
                threads: plan.threads
            ),
            cacheDirectory: FileManager.default.isWritableFile(atPath: cache) ? cache : nil
        )
        // Compiling for common shapes takes as long as ten pictures, and makes later ones a tenth faster.
        if pictureCount >= 500 {
            configuration.background = { work in NIOThreadPool.singleton.submit { _ in work() } }
        }
        return try usingModel(file.path) {
            try YOLODetector(file: file, configuration: configuration, runtime: Runtime())
        }
    }

    /// The settings that all results of a folder share, as JSON.
    private func record(of request: DetectionRequest, _ decoding: DecodingOptions) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        var record = RunRecord(request, try detection.values, decoding, draw: draw, shards: shard?.count)
        (record.every, record.fps, record.tracks) = (every, fps, tracks ? nil : false)
        record.gate = gate == .auto ? nil : gate.rawValue
        return [UInt8](try encoder.encode(record)) + [UInt8(ascii: "\n")]
    }
}

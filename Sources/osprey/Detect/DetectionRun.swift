internal import DetectionService
internal import Imaging
internal import Inference
internal import ObjectDetection
internal import YOLO

/// A model at work on a list of pictures: so many at a time, so that decoding hides behind the network.
struct DetectionRun {
    /// What came of a picture.
    struct Outcome: Sendable {
        var picture: PictureList.Picture
        /// What was found, or why the picture cannot be read.
        var result: Result<PictureRecord, PictureFile.Failure>
    }

    let detector: YOLODetector
    let options: DetectionOptions
    let masks: MaskForm
    let polygonTolerance: Double
    let limits: ImageLimits
    /// Folder for copies with the detections drawn; nil draws none.
    let drawnFolder: String?
    /// Pictures worked on at the same time.
    let inFlight: Int
    /// Threads that may be kept busy.
    let executor: WorkerExecutor

    /// Pixels from which on a picture is worked on alone among its like: drawn on, each takes a dozen bytes.
    private static let largePixels = 12_000_000
    private let largePictures = WorkQueue(slots: 1, capacity: .max)

    /// Works on the pictures.
    ///
    /// - Parameters:
    ///   - pictures: In the order in which they are handed on.
    ///   - handle: Receives what came of each, in their order.
    /// - Throws: `InferenceError`, ``CommandError`` where a drawn picture cannot be written, and what `handle` throws.
    func run(_ pictures: [PictureList.Picture], _ handle: (Outcome) throws -> Void) async throws {
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            var begun = 0
            var handled = 0
            var waiting: [Int: Outcome] = [:]
            func begin() {
                // One that takes long must not let the results behind it pile up.
                while begun < pictures.count, begun - handled - waiting.count < inFlight,
                    begun - handled < 16 * inFlight
                {
                    let index = begun
                    group.addTask(executorPreference: executor) { (index, try await outcome(of: pictures[index])) }
                    begun += 1
                }
            }
            begin()
            while let (index, outcome) = try await group.next() {
                waiting[index] = outcome
                while let next = waiting.removeValue(forKey: handled) {
                    try handle(next)
                    handled += 1
                }
                begin()
            }
        }
    }

    private func outcome(of picture: PictureList.Picture) async throws -> Outcome {
        do {
            return Outcome(picture: picture, result: .success(try await record(of: picture)))
        } catch let failure as PictureFile.Failure {
            return Outcome(picture: picture, result: .failure(failure))
        } catch let error as ImageError {
            return Outcome(picture: picture, result: .failure(PictureFile.Failure(reason: error.message)))
        }
    }

    private func record(of picture: PictureList.Picture) async throws -> PictureRecord {
        let bytes = try PictureFile.read(picture.path, maximumBytes: limits.maximumBytes)
        let info = try ImageInfo(reading: bytes.span.bytes, limits: limits)
        guard info.width * info.height > Self.largePixels else {
            return try await record(of: picture, bytes, info.format)
        }
        return try await largePictures.withSlot { try await record(of: picture, bytes, info.format) }
    }

    private func record(
        of picture: PictureList.Picture,
        _ bytes: [UInt8],
        _ format: ImageFormat
    ) async throws -> PictureRecord {
        let image = try ReducedImage.decode(bytes.span.bytes, limits: limits, forSide: detector.model.inputSide)
        let mode: PerformanceMode = inFlight == 1 ? .latency : .throughput
        let detections = try await detector.detect(in: image, options: options, mode: mode).detections
        let labels = detector.model.labels
        if let drawnFolder {
            // To be drawn on it is needed whole.
            let whole = image.reduction == 1 ? image.pixels : try RGBImage.decode(bytes.span.bytes, limits: limits)
            let target = format.isEncodable ? format : .png
            let drawn = try DetectionPainter(labels: labels).draw(detections, on: whole)
            let name = Self.name(picture.name, as: target)
            try ResultsFolder.write(drawn.encoded(as: target), to: "\(drawnFolder)/\(name)")
        }
        let objects = detections.map { detection in
            DetectedObject(
                detection,
                label: labels[detection.classID],
                masks: masks,
                tolerance: polygonTolerance
            )
        }
        return PictureRecord(file: picture.name, image: image, model: detector.model, objects: objects)
    }

    /// Keeps a picture's name where its ending says the format.
    private static func name(_ name: String, as format: ImageFormat) -> String {
        let endings = [format.fileExtension, format.name].map { ".\($0)" }
        let isNamed = endings.contains { name.lowercased().hasSuffix($0) }
        return isNamed ? name : "\(name).drawn.\(format.fileExtension)"
    }
}

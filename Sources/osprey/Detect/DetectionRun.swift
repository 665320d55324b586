internal import Basics
internal import DecodeWorkers
internal import DetectionPipeline
internal import Imaging
internal import ObjectDetection
internal import Scheduling
internal import YOLO

/// Detects objects in a list of pictures, several at a time so that decoding overlaps with inference.
struct DetectionRun {
    /// The result of one picture.
    struct Outcome: Sendable {
        var picture: PictureList.Picture
        /// The detections, or why the picture cannot be read.
        var result: Result<PictureRecord, PictureFile.Failure>
    }

    let pipeline: DetectionPipeline
    let request: DetectionRequest
    /// Directory for the drawn pictures, if the request asks for them.
    let drawnDirectory: String?
    /// Directory for the pictures of detections, if the request asks for them.
    let cropsDirectory: String?
    /// Pictures processed at the same time.
    let inFlight: Int

    /// Size in pixels above which pictures are processed one at a time: drawing takes a dozen bytes per pixel.
    private static let largePixels = 12_000_000
    private let largePictures = WorkQueue(slots: 1, capacity: .max)

    init(
        pipeline: DetectionPipeline,
        request: DetectionRequest,
        drawnDirectory: String?,
        cropsDirectory: String? = nil,
        inFlight: Int
    ) {
        self.pipeline = pipeline
        self.request = request
        self.drawnDirectory = drawnDirectory
        self.cropsDirectory = cropsDirectory
        self.inFlight = inFlight
    }

    /// Processes the pictures.
    ///
    /// - Parameters:
    ///   - pictures: The pictures.
    ///   - handle: Receives the outcomes in the order of the pictures.
    /// - Throws: `InferenceError`; ``CommandError`` if a drawn picture cannot be written; errors of `handle`.
    func run(_ pictures: [PictureList.Picture], _ handle: (Outcome) throws -> Void) async throws {
        try await forEachInOrder(
            pictures,
            inFlight: inFlight,
            on: pipeline.workers,
            { picture in try await outcome(of: picture) },
            handle: handle
        )
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
        let bytes = try PictureFile.read(picture.path, maximumBytes: pipeline.decoder.options.limits.maximumBytes)
        let info = try await pipeline.decoder.info(bytes)
        guard info.width * info.height > Self.largePixels else { return try await record(of: picture, bytes) }
        return try await largePictures.withSlot { try await record(of: picture, bytes) }
    }

    private func record(of picture: PictureList.Picture, _ bytes: [UInt8]) async throws -> PictureRecord {
        try await pipeline.detect(request, picture: .encoded { bytes }) { report in
            if let drawnDirectory, let drawn = report.drawn {
                let name = Self.name(picture.name, as: drawn.format)
                try ResultsFolder.write(drawn.bytes, to: "\(drawnDirectory)/\(name)")
            }
            if let cropsDirectory, let crops = report.crops {
                for (index, detection) in report.detections.enumerated() {
                    let label = Self.folderName(report.model.labels[detection.classID])
                    let path = "\(cropsDirectory)/\(label)/\(picture.name).\(index + 1).jpg"
                    try ResultsFolder.write(try crops.jpeg(of: detection), to: path)
                }
            }
            return PictureRecord(file: picture.name, report)
        }
    }

    /// A class's name as that of a folder.
    private static func folderName(_ label: String) -> String {
        let name = String(label.printable(limit: 64).map { $0 == "/" ? "_" : $0 })
        return name.hasPrefix(".") || name.isEmpty ? "_\(name)" : name
    }

    /// Keeps a picture's name if its extension matches the format.
    private static func name(_ name: String, as format: ImageFormat) -> String {
        let endings = [format.fileExtension, format.name].map { ".\($0)" }
        let isNamed = endings.contains { name.lowercased().hasSuffix($0) }
        return isNamed ? name : "\(name).drawn.\(format.fileExtension)"
    }
}

internal import Basics
internal import DecodeWorkers
internal import DetectionPipeline
internal import Evaluation
internal import FoundationEssentials
internal import Imaging
internal import ObjectDetection
internal import Scheduling
internal import YOLO

/// Runs a model on all pictures of a ground truth.
struct EvaluationRun {
    let pipeline: DetectionPipeline
    let request: DetectionRequest
    let groundTruth: GroundTruth
    let mapping: CategoryMapping
    /// Folder with the pictures.
    let directory: String
    /// Pictures processed at the same time.
    let inFlight: Int

    /// Detects objects in all pictures.
    ///
    /// - Returns: The detections by picture id.
    /// - Throws: ``CommandError`` naming a picture that cannot be read.
    func detections() async throws -> [Int: [COCODetection]] {
        var progress = ProgressBar("Evaluating", total: groundTruth.images.count)
        var results: [Int: [COCODetection]] = [:]
        try await forEachInOrder(
            groundTruth.images,
            inFlight: inFlight,
            on: pipeline.workers,
            { image in (image.id, try await detections(in: image)) },
            handle: { id, found in
                results[id] = found
                progress.update(results.count)
            }
        )
        return results
    }

    private func detections(in image: GroundTruth.Image) async throws -> [COCODetection] {
        let path = "\(directory)/\(image.fileName)"
        // A box thinner than a pixel has no mask; it is evaluated with an empty one.
        let nothing = RunLengthMask(width: image.width, height: image.height, counts: [image.width * image.height])
        let hasMasks = request.detector.model.task == .segment && request.settings.options.masks
        do {
            let maximumBytes = pipeline.decoder.options.limits.maximumBytes
            return try await pipeline.detect(
                request,
                picture: .encoded { try PictureFile.read(path, maximumBytes: maximumBytes) }
            ) { report in
                guard report.width == image.width, report.height == image.height else {
                    throw CommandError(
                        "\(path) has \(report.width)x\(report.height) pixels; the annotations are for \(image.width)x\(image.height)."
                    )
                }
                return report.detections.compactMap { detection in
                    let mask = hasMasks ? detection.mask?.runLengths ?? nothing : nil
                    return COCODetection(detection, mask: mask, mapping: mapping)
                }
            }
        } catch let error as ImageError {
            throw CommandError("\(path) is not a readable picture: \(error.message)")
        } catch is PictureFile.Failure {
            throw CommandError("\(path), which the annotations name, cannot be read: is --images the right folder?")
        }
    }
}

extension GroundTruth {
    /// Whether every object has an outline.
    var hasOutlines: Bool { images.allSatisfy { $0.objects.allSatisfy { $0.segmentation != nil } } }

    /// Reads annotations.
    ///
    /// - Parameters:
    ///   - path: A COCO file, or a folder of YOLO labels.
    ///   - directory: Folder with the pictures.
    ///   - labels: Names of the classes, which YOLO labels give only as numbers.
    /// - Throws: `EvaluationError` for invalid annotations; ``CommandError`` for unreadable pictures.
    init(annotations path: String, images directory: String, labels: LabelMap) throws {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw CommandError("There are no annotations at \(path).")
        }
        if isDirectory {
            let images = try Self.images(in: directory)
            try self.init(labelFolder: path, images: images, classNames: labels.names)
        } else {
            try self.init(annotationFile: path)
        }
        guard !images.isEmpty else { throw CommandError("There are no pictures to evaluate on.") }
    }

    /// The pictures of a folder, numbered in the order of their names.
    private static func images(in directory: String) throws -> [Image] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { !$0.hasPrefix(".") }
                .sorted()
        } catch {
            throw CommandError("The folder \(directory) cannot be read.")
        }
        var images: [Image] = []
        for name in names {
            let path = "\(directory)/\(name)"
            guard let bytes = (try? Data(contentsOf: URL(filePath: path))).map([UInt8].init) else { continue }
            do {
                let info = try ImageInfo(reading: bytes.span.bytes)
                images.append(Image(id: images.count, fileName: name, width: info.width, height: info.height))
            } catch let error where error.code == .notAnImage {
                continue
            } catch {
                throw CommandError("\(path) is not a readable picture: \(error.message)")
            }
        }
        return images
    }
}

internal import Evaluation
internal import FoundationEssentials
internal import Imaging
internal import NIOPosix
internal import ObjectDetection
internal import YOLO

/// A model at work on all pictures of a ground truth.
struct EvaluationRun {
    let detector: YOLODetector
    let options: DetectionOptions
    let groundTruth: GroundTruth
    let mapping: CategoryMapping
    /// Folder with the pictures.
    let directory: String
    /// Pictures worked on at the same time.
    let inFlight: Int

    /// What the model finds, by the picture's id.
    ///
    /// - Throws: ``CommandError`` naming a picture that cannot be read.
    func detections() async throws -> [Int: [COCODetection]] {
        var progress = ProgressBar("Evaluating", total: groundTruth.images.count)
        var remaining = groundTruth.images.makeIterator()
        return try await withThrowingTaskGroup(of: (Int, [COCODetection]).self) { group in
            for _ in 0..<inFlight {
                if let image = remaining.next() { group.addTask { (image.id, try await detections(in: image)) } }
            }
            var results: [Int: [COCODetection]] = [:]
            while let (id, found) = try await group.next() {
                results[id] = found
                progress.update(results.count)
                if let image = remaining.next() { group.addTask { (image.id, try await detections(in: image)) } }
            }
            return results
        }
    }

    private func detections(in image: GroundTruth.Image) async throws -> [COCODetection] {
        let picture = try await NIOThreadPool.singleton.runIfActive { try read(image) }
        // A box that is too thin for a pixel has no mask; it is measured as one without pixels.
        let nothing = RunLengthMask(width: image.width, height: image.height, counts: [image.width * image.height])
        let hasMasks = detector.model.task == .segment && options.masks
        return try await detector.detect(in: picture, options: options).detections.compactMap { detection in
            let mask = hasMasks ? detection.mask?.runLengths ?? nothing : nil
            return COCODetection(detection, mask: mask, mapping: mapping)
        }
    }

    /// The picture as training saw it, which knows nothing of colour profiles.
    private func read(_ image: GroundTruth.Image) throws -> RGBImage {
        let path = "\(directory)/\(image.fileName)"
        let picture: RGBImage
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            picture = try RGBImage.decode(bytes.span.bytes, embeddedProfile: .ignore)
        } catch let error as ImageError {
            throw CommandError("\(path) is no picture that can be read: \(error.message)")
        } catch {
            throw CommandError("\(path), which the annotations name, cannot be read: is --images the right folder?")
        }
        guard picture.width == image.width, picture.height == image.height else {
            throw CommandError(
                "\(path) has \(picture.width)x\(picture.height) pixels; the annotations are for \(image.width)x\(image.height)."
            )
        }
        return picture
    }
}

extension GroundTruth {
    /// Whether every object has an outline.
    var hasOutlines: Bool { images.allSatisfy { $0.objects.allSatisfy { $0.segmentation != nil } } }

    /// Reads annotations in one of the forms that there are.
    ///
    /// - Parameters:
    ///   - path: A COCO file, or a folder of YOLO labels.
    ///   - directory: Folder with the pictures.
    ///   - labels: Names of the classes, which YOLO labels know by number alone.
    /// - Throws: `EvaluationError` for wrong annotations, ``CommandError`` for pictures that cannot be read.
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
                throw CommandError("\(path) is no picture that can be read: \(error.message)")
            }
        }
        return images
    }
}

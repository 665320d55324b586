internal import FoundationEssentials
internal import ObjectDetection

/// Maximum side of a picture, in pixels, so that its area fits in 32 bits.
private let maximumSide = 65_535

extension GroundTruth {
    /// Reads a COCO annotation file such as `instances_val2017.json`.
    ///
    /// Annotations of pictures that the file does not list are skipped, as in pycocotools.
    /// - Parameter path: Path of the file, which is read into memory completely.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/unreadable``, or with
    ///   ``EvaluationError/Code/malformed``, naming the invalid field.
    /// - SeeAlso: https://cocodataset.org/#format-data
    package init(annotationFile path: String) throws(EvaluationError) {
        do {
            let bytes = try Data(contentsOf: URL(filePath: path))
            self = try Self(JSONDecoder().decode(AnnotationFile.self, from: bytes))
        } catch let flaw as Flaw {
            throw EvaluationError(.malformed, "\(path): \(flaw.text)")
        } catch let error as DecodingError {
            throw EvaluationError(.malformed, "\(path): \(error.flaw)", cause: error)
        } catch {
            throw EvaluationError(.unreadable, "\(path) cannot be read", cause: error)
        }
    }

    private init(_ file: AnnotationFile) throws(Flaw) {
        var categoryIDs: Set<Int> = []
        for (index, category) in file.categories.enumerated() {
            guard categoryIDs.insert(category.id).inserted else {
                throw Flaw("categories[\(index)].id: another category has the id \(category.id)")
            }
        }
        var images: [Image] = []
        var places: [Int: Int] = [:]
        for (index, image) in file.images.enumerated() {
            guard places.updateValue(index, forKey: image.id) == nil else {
                throw Flaw("images[\(index)].id: another picture has the id \(image.id)")
            }
            guard (1...maximumSide).contains(image.width), (1...maximumSide).contains(image.height) else {
                throw Flaw(
                    "images[\(index)]: the size is \(image.width) x \(image.height) pixels, "
                        + "but each side must be 1 to \(maximumSide)"
                )
            }
            images.append(Image(id: image.id, fileName: image.fileName, width: image.width, height: image.height))
        }
        for (index, annotation) in file.annotations.enumerated() {
            guard let place = places[annotation.imageID] else { continue }
            guard categoryIDs.contains(annotation.categoryID) else {
                throw Flaw("annotations[\(index)].category_id: there is no category \(annotation.categoryID)")
            }
            do {
                images[place].objects.append(try Object(annotation, in: images[place]))
            } catch {
                throw Flaw("annotations[\(index)].\(error.text)")
            }
        }
        self.init(categories: file.categories.map { Category(id: $0.id, name: $0.name) }, images: images)
    }
}

/// An invalid value in a file that can be decoded, with its location.
private struct Flaw: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

extension GroundTruth.Object {
    fileprivate init(_ annotation: AnnotationFile.Annotation, in image: GroundTruth.Image) throws(Flaw) {
        let box = annotation.box
        guard box.count == 4, box[2] >= 0, box[3] >= 0 else {
            throw Flaw("bbox: \(box) is not the left, top, width and height of a box")
        }
        guard annotation.area >= 0 else { throw Flaw("area: \(annotation.area) is negative") }
        self.init(
            categoryID: annotation.categoryID,
            box: COCOBox(x: box[0], y: box[1], width: box[2], height: box[3]),
            area: annotation.area,
            isCrowd: annotation.isCrowd ?? 0 != 0,
            segmentation: try annotation.segmentation.flatMap { segmentation throws(Flaw) in
                try GroundTruth.Segmentation(segmentation, width: image.width, height: image.height)
            }
        )
    }
}

extension GroundTruth.Segmentation {
    /// Converts a segmentation; nil if it has no polygons, as in datasets with only boxes.
    fileprivate init?(_ segmentation: AnnotationFile.Segmentation, width: Int, height: Int) throws(Flaw) {
        switch segmentation {
        case .polygons([]):
            return nil
        case .polygons(let polygons):
            guard polygons.allSatisfy({ $0.count.isMultiple(of: 2) }) else {
                throw Flaw("segmentation: a polygon has an odd number of coordinates")
            }
            self = .polygons(polygons)
        case .runs(let size, let counts):
            guard size == [height, width] else {
                throw Flaw("segmentation.size: it is \(size), but the picture's is [\(height), \(width)]")
            }
            let mask =
                switch counts {
                case .compressed(let text): RunLengthMask(width: width, height: height, compressedCounts: text)
                case .plain(let counts): RunLengthMask(width: width, height: height, validating: counts)
                }
            guard let mask else { throw Flaw("segmentation.counts: the runs are malformed or do not fill the picture") }
            self = .runs(mask)
        }
    }
}

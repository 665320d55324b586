internal import FoundationEssentials
internal import ObjectDetection

extension GroundTruth {
    /// Reads labels in YOLO's text format: one file per picture, with the same stem, and one line per object.
    ///
    /// A line is `class center_x center_y width height` for a box, or `class x0 y0 x1 y1 x2 y2 …` for an outline, as
    /// fractions of the picture's width and height. A picture without a file has no objects. Duplicate lines count
    /// once, as in YOLOv5.
    /// - Parameters:
    ///   - folder: Folder with the label files.
    ///   - images: Pictures of the dataset; their objects are replaced.
    ///   - classNames: Class names in class id order; the class ids become the category ids.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/unreadable``, or with
    ///   ``EvaluationError/Code/malformed``, naming the invalid line.
    /// - SeeAlso: Ultralytics YOLOv5 v7.0, `utils/dataloaders.py`, `verify_image_label`.
    package init(labelFolder folder: String, images: [Image], classNames: [String]) throws(EvaluationError) {
        var images = images
        for index in images.indices {
            let path = "\(folder)/\(stem(images[index].fileName)).txt"
            images[index].objects = try labels(in: path, classCount: classNames.count).map { label in
                Object(label, width: images[index].width, height: images[index].height)
            }
        }
        self.init(
            categories: classNames.enumerated().map { Category(id: $0.offset, name: $0.element) },
            images: images
        )
    }
}

/// One line of a label file.
private struct Label: Hashable {
    var classID: Int
    /// Centre and size of a box, or corners of an outline, in `0...1`.
    var values: [Double]

    /// Parses the fields of a line; nil if they are not a valid label.
    init?(_ fields: [ArraySlice<UInt8>]) {
        let numbers = fields.compactMap { Double(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == fields.count, let classID = numbers.first.flatMap({ Int(exactly: $0) }) else {
            return nil
        }
        self.classID = classID
        values = Array(numbers.dropFirst())
        let isOutline = values.count >= 6 && values.count.isMultiple(of: 2)
        guard values.count == 4 || isOutline, values.allSatisfy((0...1).contains) else { return nil }
    }
}

extension GroundTruth.Object {
    fileprivate init(_ label: Label, width: Int, height: Int) {
        let values = label.values.enumerated().map { $1 * Double($0.isMultiple(of: 2) ? width : height) }
        guard values.count > 4 else {
            let box = COCOBox(
                x: values[0] - values[2] / 2,
                y: values[1] - values[3] / 2,
                width: values[2],
                height: values[3]
            )
            self.init(categoryID: label.classID, box: box, area: box.area)
            return
        }
        let columns = stride(from: 0, to: values.count, by: 2).map { values[$0] }
        let rows = stride(from: 1, to: values.count, by: 2).map { values[$0] }
        let (left, top) = (columns.min() ?? 0, rows.min() ?? 0)
        let segmentation = GroundTruth.Segmentation.polygons([values])
        self.init(
            categoryID: label.classID,
            box: COCOBox(
                x: left,
                y: top,
                width: (columns.max() ?? 0) - left,
                height: (rows.max() ?? 0) - top
            ),
            area: Double(segmentation.mask(width: width, height: height).area),
            segmentation: segmentation
        )
    }
}

/// Returns the labels in a file without duplicates; empty if the file does not exist.
private func labels(in path: String, classCount: Int) throws(EvaluationError) -> [Label] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let bytes: [UInt8]
    do {
        bytes = Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
        throw EvaluationError(.unreadable, "\(path) cannot be read", cause: error)
    }
    var labels: [Label] = []
    var seen: Set<Label> = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
        let fields = line.split { $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
        guard !fields.isEmpty else { continue }
        let place = "\(path), line \(index + 1)"
        guard let label = Label(fields) else {
            throw EvaluationError(
                .malformed,
                "\(place): expected a class id, then a box or an outline with values from 0 to 1"
            )
        }
        guard (0..<classCount).contains(label.classID) else {
            throw EvaluationError(
                .malformed,
                "\(place): class \(label.classID) is out of range: there are \(classCount) classes, numbered from 0"
            )
        }
        if seen.insert(label).inserted { labels.append(label) }
    }
    return labels
}

/// The file name of a path without its extension.
private func stem(_ path: String) -> Substring {
    let name = path.split(separator: "/").last ?? ""
    return name.lastIndex(of: ".").map { name[..<$0] } ?? name
}

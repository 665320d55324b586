internal import FoundationEssentials
internal import ObjectDetection

extension GroundTruth {
    /// Reads labels in YOLO's text form: for each picture a file of the same stem, with a line for each object.
    ///
    /// A line is `class center_x center_y width height` for a box, or `class x0 y0 x1 y1 x2 y2 …` for an outline, in
    /// parts of the picture's width and height. A picture without a file has no objects; a line that is there twice
    /// counts once, as it does in YOLOv5.
    /// - Parameters:
    ///   - folder: The folder with the label files.
    ///   - images: The pictures; their objects are replaced.
    ///   - classNames: Names in the order of the class ids, which become the ids of the categories.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/unreadable``, or with
    ///   ``EvaluationError/Code/malformed`` and the line that is wrong.
    /// - SeeAlso: Ultralytics YOLOv5 v7.0, `utils/dataloaders.py`, `verify_image_label`.
    public init(labelFolder folder: String, images: [Image], classNames: [String]) throws(EvaluationError) {
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

/// One line of a file of labels.
private struct Label: Hashable {
    var classID: Int
    /// A box's centre and size or the corners of an outline, in `0...1`.
    var values: [Double]

    /// - Returns: nil where the line is none of a label.
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

/// The labels in a file without those that are there twice; none where there is no file.
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
            throw EvaluationError(.malformed, "\(place): it should be a class and a box or an outline from 0 to 1")
        }
        guard (0..<classCount).contains(label.classID) else {
            throw EvaluationError(.malformed, "\(place): there is no class \(label.classID) among \(classCount)")
        }
        if seen.insert(label).inserted { labels.append(label) }
    }
    return labels
}

/// A file's name without its folder and its ending.
private func stem(_ path: String) -> Substring {
    let name = path.split(separator: "/").last ?? ""
    return name.lastIndex(of: ".").map { name[..<$0] } ?? name
}

import Foundation
import ObjectDetection
import Scenes

/// A folder in COCO format, read independently of the code that writes it.
struct Dataset: Decodable {
    struct Info: Decodable {
        var cairo: String
    }

    struct Image: Decodable {
        var id: Int
        var fileName: String
        var width: Int
        var height: Int
    }

    struct Annotation: Decodable {
        struct Segmentation: Decodable {
            var size: [Int]
            var counts: String
        }

        enum CodingKeys: String, CodingKey {
            case id
            case imageID = "imageId"
            case categoryID = "categoryId"
            case box = "bbox"
            case area
            case isCrowd = "iscrowd"
            case segmentation
        }

        var id: Int
        var imageID: Int
        var categoryID: Int
        var box: [Int]
        var area: Int
        var isCrowd: Int
        var segmentation: Segmentation

        /// The mask, or nil if its run lengths are invalid.
        var mask: RunLengthMask? {
            let size = segmentation.size
            return RunLengthMask(width: size[1], height: size[0], compressedCounts: segmentation.counts)
        }
    }

    struct Category: Decodable {
        var id: Int
        var name: String
    }

    var info: Info
    var images: [Image]
    var annotations: [Annotation]
    var categories: [Category]

    init(reading directory: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let file = directory.appending(path: "annotations/instances.json")
        self = try decoder.decode(Self.self, from: Data(contentsOf: file))
    }
}

/// A directory that is removed when the object is released.
final class TemporaryDirectory {
    let url = FileManager.default.temporaryDirectory.appending(path: "scenes-tests-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Creates a folder of scenes in the directory and reads its annotations.
    @discardableResult
    func makeDataset(_ name: String, seed: UInt64, ids: ClosedRange<Int>, isReversed: Bool = false) throws -> Dataset {
        let folder = try SceneFolder(creating: url.appending(path: name).path(), seed: seed)
        let entries = try (isReversed ? ids.reversed() : Array(ids)).map { try folder.saveScene($0) }
        try folder.saveAnnotations(of: entries)
        return try Dataset(reading: url.appending(path: name))
    }

    /// Returns the contents of a folder's files by relative path.
    func files(_ name: String) throws -> [String: Data] {
        try Self.files(in: url.appending(path: name))
    }

    static func files(in directory: URL) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for folder in ["images", "annotations"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: folder).path()) {
                files["\(folder)/\(name)"] = try Data(contentsOf: directory.appending(path: "\(folder)/\(name)"))
            }
        }
        return files
    }
}

extension RunLengthMask {
    /// Left, top, width and height of the object's bounding box in pixels; empty if the mask is empty.
    var bounds: [Int] {
        var (position, isObject) = (0, false)
        var (columns, rows): (Set<Int>, Set<Int>) = ([], [])
        for count in counts {
            for pixel in position..<(position + count) where isObject {
                columns.insert(pixel / height)
                rows.insert(pixel % height)
            }
            position += count
            isObject.toggle()
        }
        guard let left = columns.min(), let right = columns.max(), let top = rows.min(), let bottom = rows.max() else {
            return []
        }
        return [left, top, right - left + 1, bottom - top + 1]
    }
}

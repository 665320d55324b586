import Foundation
import Imaging
import ObjectDetection

/// The files in Tests/Fixtures.
enum Fixtures {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(components: "Fixtures", name).path
    }
}

/// The models, pictures and reference answers that are not part of the project: those of `make assets`, and those of
/// the mirror.
enum Assets {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let mirror =
        ProcessInfo.processInfo.environment["OSPREY_ASSETS_MIRROR"].map { URL(filePath: $0, relativeTo: root) }
        ?? root.deletingLastPathComponent().appending(path: "shared/assets")

    static let yolov5n = model("yolov5n.onnx")
    static let hasYOLOv5n = has("yolov5n.onnx")
    /// Whether the pictures are COCO's own files, which the numbers were made with; the release's zip has smaller ones.
    static let hasCOCO128: Bool = {
        let file = pictures.appending(path: "000000000144.jpg").path
        return (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int == 225_663
    }()

    private static let pictures = root.appending(path: "data/coco128/images/train2017")

    /// Where a model is, or would be.
    static func model(_ name: String) -> String {
        let own = root.appending(path: "models/\(name)").path
        return FileManager.default.fileExists(atPath: own) ? own : mirror.appending(path: "models/\(name)").path
    }

    /// Whether a model and the reference's answers with it are there.
    static func has(_ model: String, golden: String? = nil) -> Bool {
        let files = [Self.model(model)] + (golden.map { [Self.golden($0).path] } ?? [])
        return files.allSatisfy(FileManager.default.fileExists(atPath:))
    }

    /// Where a file of reference answers is.
    static func golden(_ name: String) -> URL { mirror.appending(path: "golden/\(name)") }

    /// The picture as the reference sees it, which knows nothing of colour profiles.
    static func picture(_ id: String) throws -> RGBImage {
        let bytes = [UInt8](try Data(contentsOf: pictures.appending(path: "\(id).jpg")))
        return try RGBImage.decode(bytes.span.bytes, embeddedProfile: .ignore)
    }
}

/// What a reference has found in a picture.
struct ReferenceDetection: Decodable {
    var detection: Detection
    /// The mask in COCO's compressed form, of a segmentation model.
    var compressedCounts: String?

    /// Reads `[min x, min y, max x, max y, score, class id]`, and perhaps the mask after it.
    init(from decoder: any Decoder) throws {
        var row = try decoder.unkeyedContainer()
        let box = try (0..<4).map { _ in try row.decode(Float.self) }
        detection = Detection(
            box: BoundingBox(minX: box[0], minY: box[1], maxX: box[2], maxY: box[3]),
            score: try row.decode(Float.self),
            classID: Int(try row.decode(Float.self))
        )
        compressedCounts = row.isAtEnd ? nil : try row.decode(String.self)
    }

    /// A file of detections by picture.
    static func load(_ file: URL) throws -> [String: [ReferenceDetection]] {
        struct File: Decodable {
            var detections: [String: [ReferenceDetection]]
        }
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).detections
    }
}

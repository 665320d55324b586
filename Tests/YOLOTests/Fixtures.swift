import Foundation
import Imaging
import ObjectDetection
import TestAssets

/// The files in Tests/Fixtures.
enum Fixtures {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(components: "Fixtures", name).path
    }
}

extension RGBImage {
    /// A picture of COCO128 as the reference sees it, which knows nothing of colour profiles.
    static func coco(_ id: String) throws -> RGBImage {
        try jpeg("\(Asset.coco128.path)/\(id).jpg")
    }

    /// The pixels of a JPEG as they are in the file.
    static func jpeg(_ path: String) throws -> RGBImage {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
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
    static func load(_ path: String) throws -> [String: [ReferenceDetection]] {
        struct File: Decodable {
            var detections: [String: [ReferenceDetection]]
        }
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path))).detections
    }
}

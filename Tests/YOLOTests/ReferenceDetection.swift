import Foundation
import Imaging
import ObjectDetection
import TestSupport

extension RGBImage {
    /// Returns a picture of COCO128 as the reference decodes it, which ignores colour profiles.
    static func coco(_ id: String) throws -> RGBImage {
        try jpeg("\(Asset.coco128.path)/\(id).jpg")
    }

    /// Returns the pixels of a JPEG without applying its colour profile.
    static func jpeg(_ path: String) throws -> RGBImage {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        return try RGBImage.decode(bytes.span.bytes, DecodingOptions(embeddedProfile: .ignore))
    }
}

/// A detection by a reference implementation.
struct ReferenceDetection: Decodable {
    var detection: Detection
    /// The mask in COCO's compressed encoding, for a segmentation model.
    var compressedCounts: String?

    /// Decodes `[min x, min y, max x, max y, score, class id]`, optionally followed by the mask.
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

    /// Returns the detections in a file, by picture.
    static func load(_ path: String) throws -> [String: [ReferenceDetection]] {
        struct File: Decodable {
            var detections: [String: [ReferenceDetection]]
        }
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path))).detections
    }
}

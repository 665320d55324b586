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

/// The model and pictures that `make assets` brings.
enum Assets {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let yolov5n = root.appending(path: "models/yolov5n.onnx").path
    static let hasYOLOv5n = FileManager.default.fileExists(atPath: yolov5n)
    /// Whether the pictures are COCO's own files, which the numbers were made with; the release's zip has smaller ones.
    static let hasCOCO128: Bool = {
        let file = pictures.appending(path: "000000000144.jpg").path
        return (try? FileManager.default.attributesOfItem(atPath: file))?[.size] as? Int == 225_663
    }()

    private static let pictures = root.appending(path: "data/coco128/images/train2017")

    /// The picture as the reference sees it, which knows nothing of colour profiles.
    static func picture(_ id: String) throws -> RGBImage {
        let bytes = [UInt8](try Data(contentsOf: pictures.appending(path: "\(id).jpg")))
        return try RGBImage.decode(bytes.span.bytes, embeddedProfile: .ignore)
    }
}

/// What Scripts/detection-golden.py wrote.
struct Golden {
    var detections: [String: [Detection]]

    static func load() throws -> Golden {
        struct File: Decodable {
            var detections: [String: [[Float]]]
        }
        let data = try Data(contentsOf: URL(filePath: Fixtures.path("yolov5n-detections.json")))
        let file = try JSONDecoder().decode(File.self, from: data)
        return Golden(
            detections: file.detections.mapValues { rows in
                rows.map { row in
                    Detection(
                        box: BoundingBox(minX: row[0], minY: row[1], maxX: row[2], maxY: row[3]),
                        score: row[4],
                        classID: Int(row[5])
                    )
                }
            }
        )
    }
}

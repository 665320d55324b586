import Evaluation
import Foundation
import ObjectDetection
import TestSupport
import Testing

@Suite struct LabelFileTests {
    private static let image = GroundTruth.Image(id: 5, fileName: "images/a.b.jpg", width: 200, height: 100)
    private static let names = ["cat", "dog"]

    private static func objects(_ text: String) throws -> [GroundTruth.Object] {
        let folder = try TemporaryDirectory()
        try folder.write("a.b.txt", text: text)
        return try GroundTruth(labelFolder: folder.path, images: [image], classNames: names).images[0].objects
    }

    @Test("a box is read from its centre and size, as fractions of the picture") func box() throws {
        let objects = try Self.objects("1 0.5 0.25 0.5 0.25\n")
        #expect(objects == [.box([50, 12.5, 100, 25], categoryID: 1)])
    }

    @Test("an outline yields its bounding box and pixel area") func outline() throws {
        let objects = try Self.objects("0 0.25 0.5 0.75 0.5 0.75 1 0.25 1")
        let corners = [50.0, 50, 150, 50, 150, 100, 50, 100]
        let object = GroundTruth.Object(
            categoryID: 0,
            box: COCOBox(x: 50, y: 50, width: 100, height: 50),
            area: 5000,
            segmentation: .polygons([corners])
        )
        #expect(objects == [object])
    }

    @Test(
        "spaces, tabs, empty lines and both kinds of line endings are accepted",
        arguments: [
            "0 .5 .5 1 1\r\n\r\n1 .5 .5 1 1\r\n", "  0\t0.5  0.5 1e0 1.0 \n\n\n1.0 0.5 0.5 1 1",
        ]
    )
    func spacing(text: String) throws {
        let whole = [0.0, 0, 200, 100]
        #expect(try Self.objects(text) == [.box(whole, categoryID: 0), .box(whole, categoryID: 1)])
    }

    @Test("duplicate lines count once") func duplicates() throws {
        #expect(try Self.objects("0 0.5 0.5 1 1\n1 0.5 0.5 1 1\n0 0.5 0.5 1.0 1.0\n").count == 2)
    }

    @Test("a picture without a file, or with an empty one, has no objects") func empty() throws {
        #expect(try Self.objects("").isEmpty)
        let folder = try TemporaryDirectory()
        let truth = try GroundTruth(labelFolder: folder.path, images: [Self.image], classNames: Self.names)
        #expect(truth.images.map(\.id) == [5])
        #expect(truth.images[0].objects.isEmpty)
        #expect(truth.categories.map(\.id) == [0, 1])
        #expect(truth.categories.map(\.name) == Self.names)
    }

    @Test(
        "errors name the malformed line",
        arguments: [
            ("0 0.5 0.5 1", 1), ("0 0.5 0.5 1 1\n0 0.5 0.5 1 1 0.9", 2), ("0 0.5 0.5 1 1.01", 1), ("0 -0.1 0.5 1 1", 1),
            ("0 nan 0.5 1 1", 1), ("0 inf 0.5 1 1", 1), ("cat 0.5 0.5 1 1", 1), ("0.5 0.5 0.5 1 1", 1), ("\n\n0", 3),
            ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", 1), ("2 0.5 0.5 1 1", 1), ("-1 0.5 0.5 1 1", 1), ("1e99 0.5 0.5 1 1", 1),
            ("0,0.5,0.5,1,1", 1), ("0 0.5 0.5 1 1 x", 1),
        ]
    )
    func malformed(text: String, line: Int) {
        #expect {
            try Self.objects(text)
        } throws: { error in
            guard let error = error as? EvaluationError else { return false }
            return error.code == .malformed && error.message.contains("a.b.txt, line \(line): ")
        }
    }

    @Test("an unreadable file is an error, not an empty file") func unreadable() throws {
        let folder = try TemporaryDirectory()
        let image = GroundTruth.Image(id: 1, fileName: "a.jpg", width: 1, height: 1)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/a.txt", withIntermediateDirectories: false)
        #expect { try GroundTruth(labelFolder: folder.path, images: [image], classNames: ["cat"]) } throws: { error in
            (error as? EvaluationError)?.code == .unreadable
        }
    }
}

import Evaluation
import Foundation
import Testing

@Suite struct COCOResultTests {
    /// Two cats, one of them found; a dog, detected in the wrong place; no unicorns.
    private static func result() throws -> COCOResult {
        let truth = GroundTruth.sample(
            [[.box([0, 0, 10, 10]), .box([50, 50, 10, 10]), .box([20, 0, 10, 10], categoryID: 2)]],
            categories: ["cat", "sheep dog", "unicorn"]
        )
        var evaluation = try COCOEvaluation(groundTruth: truth, kind: .boxes, maximumDetections: 300)
        let dog = COCODetection.box([60, 0, 10, 10], score: 0.5, categoryID: 2)
        try evaluation.add([.box([0, 0, 10, 10], score: 0.75), dog], imageID: 1)
        return evaluation.result()
    }

    @Test("the table has a row for all classes and one for each class with objects") func table() throws {
        #expect(
            try Self.result().categoryTable == """
                class      objects     AP   AP50      P      R  at confidence
                all              3  0.252  0.252                             
                cat              2  0.505  0.505  1.000  0.500          0.750
                sheep dog        1  0.000  0.000      -      -              -
                """
        )
    }

    @Test("the summary includes the maximum number of detections") func limit() throws {
        let lines = try Self.result().summary.split(separator: "\n")
        #expect(lines[0] == " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=300 ] = 0.252")
        #expect(lines[7] == " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.250")
    }

    @Test("JSON has the figures by name and a list of classes") func json() throws {
        struct Classes: Decodable {
            struct Row: Decodable {
                var `class`: String
                var objects: Int
                var ap: Double?
                var confidence: Double?
            }

            var kind: String
            var classes: [Row]
        }
        let data = try JSONEncoder().encode(Self.result())
        let members = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let figures = [
            "ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_300", "ar_small",
            "ar_medium", "ar_large",
        ]
        #expect(Set(members.keys) == Set(figures + ["kind", "classes"]))
        #expect(members["ar_300"] as? Double == 0.25)
        #expect(members["ap_large"] is NSNull)

        let decoded = try JSONDecoder().decode(Classes.self, from: data)
        #expect(decoded.kind == "bbox")
        #expect(decoded.classes.map(\.class) == ["cat", "sheep dog", "unicorn"])
        #expect(decoded.classes.map(\.objects) == [2, 1, 0])
        #expect(decoded.classes.map(\.confidence) == [0.75, nil, nil])
        #expect(decoded.classes.map { $0.ap == nil } == [false, false, true])
    }
}

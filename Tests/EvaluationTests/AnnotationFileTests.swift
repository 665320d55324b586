import Evaluation
import ObjectDetection
import TestSupport
import Testing

@Suite struct AnnotationFileTests {
    private static func annotations(
        categories: String = #"[{"id": 3, "name": "cat"}]"#,
        images: String = #"[{"id": 7, "file_name": "a.jpg", "width": 4, "height": 3}]"#,
        _ annotations: String
    ) -> String {
        #"{"info": {}, "categories": \#(categories), "images": \#(images), "annotations": \#(annotations)}"#
    }

    private static func annotation(_ more: String) -> String {
        annotations(#"[{"id": 0, "image_id": 7, "category_id": 3, \#(more)}]"#)
    }

    private static func read(_ text: String) throws -> GroundTruth {
        let folder = try TemporaryDirectory()
        return try GroundTruth(annotationFile: folder.write("truth.json", text: text))
    }

    @Test("pictures, categories and objects are read; pictures and categories are sorted by id") func reading() throws {
        let truth = try Self.read(
            Self.annotations(
                categories: #"[{"id": 90, "name": "toothbrush", "supercategory": "x"}, {"id": 3, "name": "cat"}]"#,
                images: """
                    [{"id": 9, "file_name": "b.jpg", "width": 640, "height": 480, "license": 1},
                     {"id": 7, "file_name": "a.jpg", "width": 4, "height": 3}]
                    """,
                """
                [{"id": 0, "image_id": 7, "category_id": 3, "bbox": [1, 0.5, 2, 1], "area": 1.5, "iscrowd": 0,
                  "segmentation": [[1, 0, 3, 0, 3, 2], [0, 0, 1, 0, 1, 1]]},
                 {"id": 1, "image_id": 7, "category_id": 90, "bbox": [0, 0, 4, 3], "area": 12, "iscrowd": 1,
                  "segmentation": {"size": [3, 4], "counts": [3, 9]}},
                 {"id": 2, "image_id": 7, "category_id": 90, "bbox": [0, 0, 4, 3], "area": 12, "segmentation": []},
                 {"id": 3, "image_id": 7, "category_id": 90, "bbox": [0, 0, 4, 3], "area": 12,
                  "segmentation": {"size": [3, 4], "counts": "39"}},
                 {"id": 4, "image_id": 1234, "category_id": 3, "bbox": [0, 0, 4, 3], "area": 12}]
                """
            )
        )
        #expect(truth.categories.map(\.id) == [3, 90])
        #expect(truth.categories.map(\.name) == ["cat", "toothbrush"])
        #expect(truth.images.map(\.fileName) == ["a.jpg", "b.jpg"])
        #expect(truth.images[1].width == 640 && truth.images[1].height == 480 && truth.images[1].objects.isEmpty)
        let objects = truth.images[0].objects
        #expect(objects.map(\.categoryID) == [3, 90, 90, 90])
        #expect(objects.map(\.isCrowd) == [false, true, false, false])
        #expect(objects[0].box == COCOBox(x: 1, y: 0.5, width: 2, height: 1) && objects[0].area == 1.5)
        let mask = RunLengthMask(width: 4, height: 3, counts: [3, 9])
        #expect(
            objects.map(\.segmentation) == [
                .polygons([[1, 0, 3, 0, 3, 2], [0, 0, 1, 0, 1, 1]]), .runs(mask), nil, .runs(mask),
            ]
        )
    }

    @Test(
        "errors name the malformed field",
        arguments: [
            ("", "not JSON, is incomplete"),
            (#"{"images": ["#, "not JSON, is incomplete"),
            ("[]", "the file is of the wrong type"),
            (#"{"images": [], "categories": []}"#, #"the file has no "annotations""#),
            (annotations("{}"), "annotations is of the wrong type"),
            (annotations(images: #"[{"id": 7, "file_name": "a", "width": 4}]"#, "[]"), #"images[0] has no "height""#),
            (annotations(images: #"[{"id": "7"}]"#, "[]"), "images[0].id is of the wrong type"),
            (annotations(images: #"[{"id": 1e99}]"#, "[]"), "a number that is too large"),
            (
                annotations(images: #"[{"id": 7, "file_name": "a", "width": 4, "height": 0}]"#, "[]"),
                "images[0]: the size is 4 x 0 pixels, but each side must be 1 to 65535"
            ),
            (
                annotations(images: #"[{"id": 7, "file_name": "a", "width": 4, "height": 65536}]"#, "[]"),
                "images[0]: the size is 4 x 65536 pixels, but each side must be 1 to 65535"
            ),
            (
                annotations(
                    images: #"""
                        [{"id": 7, "file_name": "a", "width": 4, "height": 3},
                         {"id": 7, "file_name": "b", "width": 4, "height": 3}]
                        """#,
                    "[]"
                ),
                "images[1].id: another picture has the id 7"
            ),
            (
                annotations(categories: #"[{"id": 3, "name": "cat"}, {"id": 3, "name": "dog"}]"#, "[]"),
                "categories[1].id: another category has the id 3"
            ),
            (
                annotations(#"[{"image_id": 7, "category_id": 4, "bbox": [0, 0, 1, 1], "area": 1}]"#),
                "annotations[0].category_id: there is no category 4"
            ),
            (annotation(#""area": 1"#), #"annotations[0] has no "bbox""#),
            (annotation(#""bbox": [0, 0, 1, 1]"#), #"annotations[0] has no "area""#),
            (annotation(#""bbox": [0, 0, "1", 1], "area": 1"#), "annotations[0].bbox[2] is of the wrong type"),
            (annotation(#""bbox": [0, 0, 1], "area": 1"#), "annotations[0].bbox: [0.0, 0.0, 1.0] is not"),
            (annotation(#""bbox": [0, 0, -1, 1], "area": 1"#), "annotations[0].bbox: [0.0, 0.0, -1.0, 1.0] is not"),
            (annotation(#""bbox": [0, 0, 1, 1], "area": -1"#), "annotations[0].area: -1.0 is negative"),
            (
                annotation(#""bbox": [0, 0, 1, 1], "area": 1, "segmentation": [[0, 0, 1]]"#),
                "annotations[0].segmentation: a polygon has an odd number of coordinates"
            ),
            (
                annotation(#""bbox": [0, 0, 1, 1], "area": 1, "segmentation": 4"#),
                "annotations[0].segmentation is of the wrong type"
            ),
            (
                annotation(#""bbox": [0, 0, 1, 1], "area": 1, "segmentation": {"size": [4, 3], "counts": [12]}"#),
                "annotations[0].segmentation.size: it is [4, 3], but the picture's is [3, 4]"
            ),
            (
                annotation(#""bbox": [0, 0, 1, 1], "area": 1, "segmentation": {"size": [3, 4], "counts": [13, -1]}"#),
                "annotations[0].segmentation.counts: the runs are malformed"
            ),
            (
                annotation(#""bbox": [0, 0, 1, 1], "area": 1, "segmentation": {"size": [3, 4], "counts": "~"}"#),
                "annotations[0].segmentation.counts: the runs are malformed"
            ),
            (
                annotation(#""bbox": [0, 0, 1, 1], "area": 1, "segmentation": {"size": [3, 4]}"#),
                #"annotations[0].segmentation has no "counts""#
            ),
        ]
    )
    func malformed(text: String, message: String) {
        #expect {
            try Self.read(text)
        } throws: { error in
            guard let error = error as? EvaluationError, error.code == .malformed else { return false }
            guard error.message.contains("truth.json: "), error.message.contains(message) else {
                Issue.record("the message is: \(error.message)")
                return false
            }
            return true
        }
    }

    @Test("excessive nesting is rejected") func nesting() {
        let text = Self.annotations(String(repeating: "[", count: 1_000_000))
        #expect { try Self.read(text) } throws: { ($0 as? EvaluationError)?.code == .malformed }
    }

    @Test("a missing file is unreadable") func absent() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/none.json"
        #expect { try GroundTruth(annotationFile: path) } throws: { error in
            (error as? EvaluationError)?.code == .unreadable && "\(error)".contains(path)
        }
    }
}

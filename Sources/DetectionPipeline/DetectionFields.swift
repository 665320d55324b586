package import JSONSchema
internal import YOLO

/// The options of a detection, declared once with their ranges, defaults and descriptions.
///
/// JSON bodies, query items, command-line options, the OpenAPI document and docs/options.md all come from here.
package enum DetectionFields {
    package static let model = Field(
        name: "model",
        schema: .text(1...ModelFile.maximumNameLength).nullable().described(
            "Model name; without it, the default model."
        ),
        otherNames: ["weights", "model_name", "model_id"]
    )

    package static let confidence = Field(
        name: "confidence",
        schema: .number(0.001...1).nullable().defaulting(to: number(defaults.confidenceThreshold))
            .described("Score that a detection must exceed."),
        otherNames: ["conf", "conf_thres", "threshold", "score_threshold", "min_confidence", "confidence_threshold"]
    )

    package static let iou = Field(
        name: "iou",
        schema: .number(0...1).nullable().defaulting(to: number(defaults.iouThreshold))
            .described("Overlap (IoU) above which the weaker of two detections is suppressed."),
        otherNames: ["iou_thres", "iou_threshold", "nms_threshold", "overlap"]
    )

    package static let maxDetections = Field(
        name: "max_detections",
        schema: .integer(1...1000).nullable().defaulting(to: .number(Double(defaults.maximumDetections)))
            .described("Maximum number of detections per picture."),
        otherNames: ["max_det", "limit", "top_k", "topk"]
    )

    package static let classes = Field(
        name: "classes",
        schema: .array(of: .anyOf([.integer(0...9999), .text(1...64)]), count: 1...1000).nullable()
            .described("Classes to keep, by name or id; without it, all.").example(["giraffe", 22]),
        otherNames: ["class", "labels", "filter", "objects"]
    )

    package static let agnosticNMS = Field(
        name: "agnostic_nms",
        schema: .boolean.nullable().defaulting(to: .bool(defaults.classAgnostic))
            .described("Let detections of different classes suppress each other."),
        otherNames: ["agnostic", "class_agnostic", "class_agnostic_nms"]
    )

    package static let multiLabel = Field(
        name: "multi_label",
        schema: .boolean.nullable().defaulting(to: .bool(defaults.multiLabel))
            .described("Allow several classes per box, as in evaluations of accuracy.")
    )

    package static let masks = Field(
        name: "masks",
        schema: .oneOf(MaskForm.allCases.map(\.rawValue)).nullable()
            .defaulting(to: .string(MaskForm.polygon.rawValue))
            .described("Format of a segmentation model's masks; detection models have none."),
        otherNames: ["mask", "mask_format", "retina_masks"]
    )

    package static let polygonTolerance = Field(
        name: "polygon_tolerance",
        schema: .number(0...100).nullable().defaulting(to: 0)
            .described("Maximum deviation of polygons in pixels, to reduce their points; 0 is exact.")
    )

    /// All options, in the order in which they are documented.
    package static let all = [
        model, confidence, iou, maxDetections, classes, agnosticNMS, multiLabel, masks, polygonTolerance,
    ]

    /// What to say about names of other programs' options that have no counterpart here.
    package static func hint(about name: String) -> String? {
        ["imgsz", "img_size", "image_size", "size"].contains(name.lowercased())
            ? "the model determines the size of its input" : nil
    }

    private static let defaults = DetectionOptions()

    /// The shortest decimal number of a `Float`: 0.45, not 0.44999998807907104.
    private static func number(_ value: Float) -> JSONValue { .number(Double("\(value)") ?? Double(value)) }
}

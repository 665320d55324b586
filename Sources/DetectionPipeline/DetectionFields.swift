internal import Basics
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

    package static let size = Field(
        name: "size",
        schema: .integer(128...1920).nullable().described(
            "Longer side of the network's input in pixels, rounded up to a multiple of its stride: more finds smaller "
                + "objects, and takes longer; without it, the model's."
        ),
        otherNames: ["imgsz", "img", "img_size", "image_size", "input_size", "inference_size"]
    )

    package static let confidence = Field(
        name: "confidence",
        schema: .anyOf([score, .dictionary(of: score, count: 1...1000)]).nullable()
            .defaulting(to: number(defaults.confidenceThreshold))
            .described(
                "Score that a detection must exceed; or an object with one for some classes, and `*` for others."
            )
            .example(["person": 0.4, "*": 0.25]),
        otherNames: ["conf", "conf_thres", "threshold", "score_threshold", "min_confidence", "confidence_threshold"]
    )

    package static let slices = Field(
        name: "slices",
        schema: .anyOf([
            .oneOf(["none", "auto"]),
            .object([
                Field(
                    name: "size",
                    schema: .integer(128...4096).nullable().described(
                        "Width and height of a slice in pixels; without it, as auto."
                    )
                ),
                Field(
                    name: "overlap",
                    schema: .number(0...0.8).nullable().defaulting(to: 0.2)
                        .described("Share of a slice that the next one overlaps.")
                ),
            ]),
        ]).nullable().defaulting(to: "none").described(
            "Also detects in overlapping slices of the picture, at full resolution, which finds small objects: auto makes "
                + "them as large as the network's input. At most 64."
        ).example(["size": 640, "overlap": 0.2]),
        otherNames: ["slice", "sahi", "tile", "tiles", "slicing"]
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

    package static let zones = Field(
        name: "zones",
        schema: .anyOf([documentName, zonesByName]).nullable().described(
            "Named areas of the picture: each is a list of corners [x, y] in pixels, or in shares of the picture's width "
                + "and height if all are up to 1; or several such lists, where one inside another is a hole. Each "
                + "detection says in which ones it is. Or the name under which the service keeps zones."
        ).example(["driveway": [[0.1, 0.5], [0.9, 0.5], [1, 1], [0, 1]]]),
        otherNames: ["zone", "regions", "areas", "polygons"]
    )

    package static let zoneAnchor = Field(
        name: "zone_anchor",
        schema: .anyOf([.oneOf(["foot", "center"]), .number(0.001...1)]).nullable().defaulting(to: "foot").described(
            "What has to be in a zone: the middle of a box's lower edge, its centre, or a share of its area."
        )
    )

    package static let only = Field(
        name: "only",
        schema: .oneOf(["zones"]).nullable().described("Drops detections that are in no zone."),
        otherNames: ["only_zones"]
    )

    package static let ignore = Field(
        name: "ignore",
        schema: .array(of: PictureArea.schema, count: 1...32).nullable().described(
            "Areas as in zones that the network does not see: they are filled with grey."
        ).example([[[0, 0], [0.3, 0], [0.3, 0.1], [0, 0.1]]]),
        otherNames: ["mask_areas", "exclude"]
    )

    package static let minArea = Field(
        name: "min_area",
        schema: .number(0...1e9).nullable().described(
            "Minimum area of a box, in square pixels; up to 1, as a share of the picture's."
        )
    )

    package static let maxArea = Field(
        name: "max_area",
        schema: .number(0...1e9).nullable().described(
            "Maximum area of a box, in square pixels; up to 1, as a share of the picture's."
        )
    )

    package static let minRatio = Field(
        name: "min_ratio",
        schema: .number(0...1000).nullable().described("Minimum width of a box divided by its height.")
    )

    package static let maxRatio = Field(
        name: "max_ratio",
        schema: .number(0...1000).nullable().described("Maximum width of a box divided by its height.")
    )

    package static let crops = Field(
        name: "crops",
        schema: .boolean.nullable().defaulting(to: false)
            .described("Returns the picture of each detection as a JPEG."),
        otherNames: ["crop", "save_crop", "return_crops"]
    )

    package static let cropMargin = Field(
        name: "crop_margin",
        schema: .number(0...2).nullable().defaulting(to: 0.1)
            .described("Margin around the box in its picture, as a share of the box's width and height.")
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
        model, size, slices, confidence, iou, maxDetections, classes, zones, zoneAnchor, only, ignore, minArea, maxArea,
        minRatio, maxRatio, crops, cropMargin, agnosticNMS, multiLabel, masks, polygonTolerance,
    ]

    /// In an object with values by class, the name for all others.
    package static let others = "*"

    /// Zones by their names.
    package static let zonesByName = Schema.dictionary(of: PictureArea.schema, count: 1...32)

    /// A name under which the service keeps something.
    package static let documentName = Schema(
        kind: .string(
            .text(length: 1...DocumentName.maximumLength, pattern: DocumentName.pattern) { DocumentName($0) != nil }
        )
    )

    private static let score = Schema.number(0.001...1)
    private static let defaults = DetectionOptions()

    /// The shortest decimal number of a `Float`: 0.45, not 0.44999998807907104.
    private static func number(_ value: Float) -> JSONValue { .number(Double("\(value)") ?? Double(value)) }
}

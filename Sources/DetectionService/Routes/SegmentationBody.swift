internal import ObjectDetection

/// The mask of a detection, as JSON.
enum SegmentationBody: Encodable, Sendable {
    /// One polygon for each part of the object: x and y of its corners in turn, in pixels.
    case polygons([[Double]])
    /// COCO's compressed run lengths.
    case runLengths(RunLengths)

    struct RunLengths: Encodable, Sendable {
        /// Height and width of the picture.
        var size: [Int]
        var counts: String
    }

    private enum CodingKeys: String, CodingKey {
        case polygons
        case runLengths = "rle"
    }

    /// - Returns: nil where no masks are wanted.
    init?(_ mask: Mask, as form: MaskForm, tolerance: Double) {
        switch form {
        case .polygon: self = .polygons(mask.polygons(tolerance: tolerance))
        case .rle:
            self = .runLengths(
                RunLengths(size: [mask.imageHeight, mask.imageWidth], counts: mask.runLengths.compressedCounts)
            )
        case .none: return nil
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .polygons(let polygons): try container.encode(polygons, forKey: .polygons)
        case .runLengths(let runLengths): try container.encode(runLengths, forKey: .runLengths)
        }
    }

    static let schema = Schema.object([
        Field(
            name: "polygons",
            schema: .array(of: .array(of: .anyNumber)).described(
                "One for each part of the object: x and y of its corners in turn, in pixels. A hole is joined to the "
                    + "outline by a cut of no width."
            )
        ),
        Field(
            name: "rle",
            schema: .object([
                Field(
                    name: "size",
                    schema: .array(of: .anyInteger, count: 2...2).described("Height and width of the picture."),
                    isRequired: true
                ),
                Field(name: "counts", schema: .anyString.described("COCO's compressed runs."), isRequired: true),
            ])
        ),
    ]).described("The object's pixels, of a segmentation model: polygons or rle, as asked for.")
}

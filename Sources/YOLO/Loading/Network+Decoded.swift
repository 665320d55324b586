internal import Inference

extension Network {
    /// The network for a square picture of ``inputSide`` with decoded boxes, like the exports of YOLOv5 and its
    /// successors: `[1, boxes, values]` or `[1, values, boxes]`, and a segmentation model's prototypes.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if its heads are not known.
    var decoded: Model {
        get throws(YOLOError) {
            try YOLOError.wrapping {
                let sized = try model.sized(height: inputSide, width: inputSide)
                switch layout.boxes {
                case .heads(let heads):
                    return try sized.decoded(
                        heads: heads.map { head in (head.stride, head.anchors.flatMap { [$0.width, $0.height] }) },
                        classCount: layout.classCount
                    )
                case .cells(let heads):
                    return try sized.decoded(
                        strides: heads.strides,
                        bins: heads.bins,
                        hasMasks: layout.maskCoefficientCount > 0
                    )
                case .rows, .columns, .final:
                    throw YOLOError(
                        .invalidModel,
                        uncutReason ?? "it is an export already, and its heads are not known"
                    )
                }
            }
        }
    }

    /// What the exports of YOLOv5 and its successors state about themselves, by key.
    var metadata: [String: String] {
        let names = labels.enumerated().map { "\($0): \(Self.quoted($1))" }
        return ["names": "{\(names.joined(separator: ", "))}", "stride": "\(stride)"]
    }

    /// Returns a name as a Python string literal.
    private static func quoted(_ name: String) -> String {
        "'" + name.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

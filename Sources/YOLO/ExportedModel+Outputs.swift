internal import Inference

extension ExportedModel {
    private static let adviceOnSuppression =
        "export it without non-maximum suppression (without --nms, nms=False, end2end=False)"

    /// Refuses networks that do not answer with boxes for every place in the picture.
    func refuseOtherTasks() throws {
        if let task = model.metadata("task"), task != "detect", task != "segment" {
            throw refusal("is a model for the task '\(task)'", "only 'detect' and 'segment' are served")
        }
        let holdsSuppression = model.graph().nodes.contains { node in
            node.type.contains("NonMaxSuppression") || node.type.contains("Nms")
        }
        if holdsSuppression || model.metadata("end2end")?.lowercased() == "true" {
            throw refusal(
                "suppresses overlapping boxes itself, with thresholds that requests could not change",
                Self.adviceOnSuppression
            )
        }
    }

    /// Which output holds the prototypes of masks, `[batch, count, height / 4, width / 4]`.
    func prototypes(count: Int, _ size: Size) throws -> Int {
        let index = model.outputs.firstIndex { isPrototypes($0, size) && $0?[1] == count }
        guard let index else {
            throw refusal(
                "has \(count) mask coefficients a box but no prototypes [1, \(count), height / 4, width / 4] (\(shapes))",
                "export it with both of its outputs"
            )
        }
        return index
    }

    /// How the outputs of an export that is not cut are read.
    func wholeLayout(_ size: Size) throws -> OutputLayout {
        let outputs = model.outputs
        guard let boxes = outputs.first ?? nil, boxes.rank == 3, let first = boxes[1], let second = boxes[2],
            outputs.count == 1 || (outputs.count == 2 && isPrototypes(outputs[1], size))
        else { throw unknownOutputs() }
        if model.graph().nodes.contains(where: { $0.type == "TopK" }) {
            throw refusal("answers with the best boxes only, \(boxes)", Self.adviceOnSuppression)
        }
        let coefficients = outputs.count == 2 ? outputs[1]?[1] ?? 0 : 0
        let isColumns = isColumns(first, second, coefficients: coefficients)
        let classes = isColumns ? first - 4 - coefficients : second - 5 - coefficients
        guard classes > 0 else { throw unknownOutputs() }
        return OutputLayout(
            boxes: isColumns ? .columns : .rows,
            classCount: classes,
            maskCoefficientCount: coefficients
        )
    }

    /// Tells `[1, 4 + classes, boxes]` from `[1, boxes, 5 + classes]`: by the number of names where only one of them
    /// has it, else by there being more boxes than values.
    private func isColumns(_ first: Int, _ second: Int, coefficients: Int) -> Bool {
        let count = names?.count
        let isNamedByColumn = first - 4 - coefficients == count
        let isNamedByRow = second - 5 - coefficients == count
        return isNamedByColumn == isNamedByRow ? first < second : isNamedByColumn
    }

    private func isPrototypes(_ shape: TensorShape?, _ size: Size) -> Bool {
        guard let shape, shape.rank == 4, let count = shape[1], let rows = shape[2], let columns = shape[3] else {
            return false
        }
        // A quarter of the input in YOLO's own networks; one with a head of stride 4 has finer ones.
        return count > 0 && [2, 4, 8].contains { rows * $0 == size.height && columns * $0 == size.width }
    }

    private var shapes: String {
        "it answers " + model.outputs.map { $0?.description ?? "a tensor of any rank" }.joined(separator: ", ")
    }

    private func unknownOutputs() -> InferenceError {
        let ranks = Set(model.outputs.map { $0?.rank })
        if model.outputs.count > 1, ranks == [5] || ranks == [4] {
            return refusal(
                "answers with its raw heads, and the anchors that they need are not in the file (\(shapes))",
                "export it with the decoding (without --train), or serve the checkpoint itself"
            )
        }
        return refusal(
            "answers with none of YOLO's shapes (\(shapes))",
            "known are [1, boxes, 5 + classes] and [1, 4 + classes, boxes], with prototypes of masks or without"
        )
    }
}

internal import Inference

extension ExportedModel {
    private static let adviceOnSuppression =
        "export it without non-maximum suppression (without --nms, nms=False, end2end=False)"

    /// Rejects networks for other tasks.
    func rejectOtherTasks() throws {
        if let task = model.metadata("task"), task != "detect", task != "segment" {
            throw refusal("is a model for the task '\(task)'", "only 'detect' and 'segment' are supported")
        }
    }

    /// Returns the layout of an export that returns its final boxes; nil if it returns others.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if it suppresses boxes itself and returns them in another form.
    func finalLayout(_ size: Size) throws -> OutputLayout? {
        let outputs = model.outputs
        let coefficients = outputs.count == 2 && isPrototypes(outputs[1], size) ? outputs[1]?[1] ?? 0 : 0
        if let shape = outputs.first ?? nil, shape.rank == 3, shape[2] == 6 + coefficients,
            outputs.count == (coefficients > 0 ? 2 : 1),
            let classCount = names?.count, let probe = FinalProbe(model, valuesPerBox: 6 + coefficients),
            probe.areFinal(classCount: classCount)
        {
            return OutputLayout(boxes: .final, classCount: classCount, maskCoefficientCount: coefficients)
        }
        let holdsSuppression = model.graph().nodes.contains { node in
            node.type.contains("NonMaxSuppression") || node.type.contains("Nms")
        }
        guard !holdsSuppression, model.metadata("end2end")?.lowercased() != "true" else {
            throw refusal(
                "suppresses overlapping boxes itself, and does not return [1, boxes, 6] with edges in pixels, score and "
                    + "class, and the names of its classes",
                Self.adviceOnSuppression
            )
        }
        return nil
    }

    /// Returns the index of the output that holds the mask prototypes, `[batch, count, height / 4, width / 4]`.
    func prototypes(count: Int, _ size: Size) throws -> Int {
        let index = model.outputs.firstIndex { isPrototypes($0, size) && $0?[1] == count }
        guard let index else {
            throw refusal(
                "has \(count) mask coefficients per box but no prototypes [1, \(count), height / 4, width / 4] "
                    + "(\(shapes))",
                "export it with both outputs"
            )
        }
        return index
    }

    /// Returns the layout of the outputs of an export that is not cut.
    func wholeLayout(_ size: Size) throws -> OutputLayout {
        let outputs = model.outputs
        guard let boxes = outputs.first ?? nil, boxes.rank == 3, let first = boxes[1], let second = boxes[2],
            outputs.count == 1 || (outputs.count == 2 && isPrototypes(outputs[1], size))
        else { throw unknownOutputs() }
        if model.graph().nodes.contains(where: { $0.type == "TopK" }) {
            throw refusal("returns only the best boxes, \(boxes)", Self.adviceOnSuppression)
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

    /// Rejects a network that does not decode its boxes as its layout says.
    func rejectOtherDecoding(_ layout: OutputLayout) throws {
        let advice = "export it with boxes as centre, width and height in pixels of its input, and scores from 0 to 1"
        switch WholeProbe(model, layout: layout)?.finding ?? .unknown {
        case .pixels: return
        case .yolox:
            throw refusal(
                "decodes its boxes as YOLOX does, whose input is BGR from 0 to 255",
                "YOLOX is not supported yet; its pictures would be read as RGB from 0 to 1"
            )
        case .offsets:
            throw refusal(
                "returns offsets to the cells of its grid instead of boxes, as YOLOX's exports do",
                "YOLOX is not supported yet; for other networks, \(advice)"
            )
        case .relative: throw refusal("returns boxes relative to the size of its input", advice)
        case .corners: throw refusal("returns the corners of its boxes", advice)
        case .logits: throw refusal("returns scores that are not from 0 to 1", advice)
        case .unknown:
            throw refusal("has boxes that do not follow the cells of its feature maps (\(shapes))", advice)
        }
    }

    /// Whether the boxes are `[1, 4 + classes, boxes]` rather than `[1, boxes, 5 + classes]`.
    ///
    /// The number of class names decides if it fits only one of them; otherwise the longer axis is that of the boxes.
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
        // Prototypes are a quarter of the input in YOLO's own networks, and finer with a head of stride 4.
        return count > 0 && [2, 4, 8].contains { rows * $0 == size.height && columns * $0 == size.width }
    }

    private var shapes: String {
        "it returns " + model.outputs.map { $0?.description ?? "a tensor of any rank" }.joined(separator: ", ")
    }

    private func unknownOutputs() -> YOLOError {
        let ranks = Set(model.outputs.map { $0?.rank })
        if model.outputs.count > 1, ranks == [5] || ranks == [4] {
            return refusal(
                "returns its raw heads, and the file does not hold their anchors (\(shapes))",
                "export it with decoded boxes (without --train), or serve the checkpoint itself"
            )
        }
        return refusal(
            "does not return boxes in a supported layout (\(shapes))",
            "supported are [1, boxes, 5 + classes] and [1, 4 + classes, boxes], with or without mask prototypes"
        )
    }
}

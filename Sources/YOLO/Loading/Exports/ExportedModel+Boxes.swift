internal import Inference

extension ExportedModel {
    /// An export that runs whole, with its outputs in a form that is decoded.
    struct Whole {
        var model: Model
        var layout: OutputLayout
        var format: InputFormat
        var family: ModelFamily?
        /// Whether the outputs are those of the file.
        var isUnchanged: Bool
        /// Why it runs as exported.
        var reason: String
    }

    private static let adviceOnSuppression =
        "export it without non-maximum suppression (without --nms, nms=False, end2end=False)"
    private static let reasonOfDecoding = "its boxes are decoded in the graph, differently from YOLOv5's"

    /// Rejects networks for other tasks.
    func rejectOtherTasks() throws {
        if let task = model.metadata("task"), task != "detect", task != "segment" {
            throw refusal("is a model for the task '\(task)'", "only 'detect' and 'segment' are supported")
        }
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

    /// Determines how an export that is not cut states its boxes.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if it states them in a form that is not supported.
    func whole(_ size: Size) throws -> Whole {
        if let final = try final(size) { return final }
        if lacksNames {
            throw refusal(
                "returns final boxes, but does not name its classes (\(shapes))",
                "name them in a file beside it, NAME.yaml: `names: [cat, dog]`, or `names: COCO`"
            )
        }
        guard !suppresses, model.metadata("end2end")?.lowercased() != "true" else {
            throw refusal(
                "suppresses overlapping boxes itself, and does not return boxes with edges in pixels, score and class, of "
                    + "as many classes as it names",
                "correct the names in the file beside it, or \(Self.adviceOnSuppression)"
            )
        }
        let forms = try forms(size)
        var probe = OutputProbe(model, size, entrance: .convolutions)
        for form in forms {
            if let cells = try ofCells(form, probe, size) { return cells }
        }
        probe = OutputProbe(model, size, entrance: .layers)
        for form in forms {
            if let queries = try ofQueries(form, probe, size) { return queries }
        }
        throw unknownDecoding()
    }

    /// Returns an export whose boxes are those of cells; nil if they are not.
    private func ofCells(_ form: BoxForm, _ probe: OutputProbe, _ size: Size) throws -> Whole? {
        var form = form
        if form.boxes == form.scores, !form.isTransposed {
            // Without names, as many classes as COCO's are more likely than one less.
            let isNamedWithout = names.map { $0.count == form.classCount }
            form.hasObjectness = !(isNamedWithout ?? (COCONames.names(count: form.classCount) != nil))
            if form.hasObjectness { form.classCount -= 1 }
        }
        guard form.classCount > 0, let finding = CellProbe(probe, form)?.finding else { return nil }
        if probe.selectsBest { throw refusal("returns only the best boxes (\(shapes))", Self.adviceOnSuppression) }
        let isUsual = finding.form.isUsual
        return Whole(
            model: isUsual ? model : try model.columns(from: finding.form, height: size.height, width: size.width),
            layout: OutputLayout(
                boxes: isUsual && form.hasObjectness ? .rows : .columns,
                classCount: form.classCount,
                maskCoefficientCount: form.maskCoefficientCount
            ),
            format: finding.format,
            family: finding.family,
            isUnchanged: isUsual,
            reason: Self.reasonOfDecoding
        )
    }

    /// Returns an export whose boxes are those of a transformer's queries; nil if they are not.
    private func ofQueries(_ form: BoxForm, _ probe: OutputProbe, _ size: Size) throws -> Whole? {
        guard var found = QueryProbe(probe, form)?.finding else { return nil }
        let isPatched = startsWithPatches(size)
        // RF-DETR's last class is the background, unless it was trained on COCO's categories.
        if isPatched, found.boxes != found.scores, found.classCount > 1, names?.count == found.classCount - 1 {
            found.classCount -= 1
        }
        return Whole(
            model: try model.columns(from: found, height: size.height, width: size.width),
            layout: OutputLayout(
                boxes: .columns,
                classCount: found.classCount,
                selection: found.boxes == found.scores ? .bestClass : .everyClass,
                hasMaskPerBox: found.masks != nil
            ),
            format: found.boxes == found.scores ? .stretched : isPatched ? .imageNet : .averaged,
            family: found.boxes == found.scores ? .rtDETR : isPatched ? .rfDETR : .detr,
            isUnchanged: false,
            reason: "it returns one box for each object, so that `iou` and `agnostic_nms` have no effect"
        )
    }

    /// Returns where boxes and scores may be in the outputs; the scores may include an objectness.
    private func forms(_ size: Size) throws -> [BoxForm] {
        let outputs = model.outputs
        if outputs.count <= 2, let boxes = outputs.first ?? nil, boxes.rank == 3, let first = boxes[1],
            let second = boxes[2], outputs.count == 1 || isPrototypes(outputs[1], size)
        {
            let coefficients = outputs.count == 2 ? outputs[1]?[1] ?? 0 : 0
            let isTransposed = isTransposed(first, second, coefficients: coefficients)
            var form = BoxForm(boxes: 0, scores: 0, classCount: (isTransposed ? first : second) - 4 - coefficients)
            form.maskCoefficientCount = coefficients
            form.isTransposed = isTransposed
            guard form.classCount > 0 else { throw unknownOutputs() }
            return [form]
        }
        let flat = outputs.indices.filter { outputs[$0]?.rank == 3 }
        guard flat.count == 2, let boxes = flat.first(where: { outputs[$0]?[2] == 4 }),
            let scores = flat.first(where: { $0 != boxes }), let count = outputs[boxes]?[1],
            count == outputs[scores]?[1],
            let classes = outputs[scores]?[2], classes > 0,
            outputs.count == 2 || (outputs.count == 3 && areMasks(outputs[3 - boxes - scores], count: count))
        else { throw unknownOutputs() }
        var form = BoxForm(boxes: boxes, scores: scores, classCount: classes)
        if outputs.count == 3 { form.masks = 3 - boxes - scores }
        // With four classes, either output may be that of the boxes.
        var other = form
        (other.boxes, other.scores) = (scores, boxes)
        return classes == 4 ? [form, other] : [form]
    }

    /// Whether the boxes are `[1, 4 + classes, boxes]` rather than `[1, boxes, 5 + classes]`.
    ///
    /// The number of class names decides if it fits only one of them; otherwise the longer axis is that of the boxes.
    private func isTransposed(_ first: Int, _ second: Int, coefficients: Int) -> Bool {
        let count = names?.count
        let isNamedByColumn = first - 4 - coefficients == count
        let isNamedByRow = second - 5 - coefficients == count
        return isNamedByColumn == isNamedByRow ? first < second : isNamedByColumn
    }

    func isPrototypes(_ shape: TensorShape?, _ size: Size) -> Bool {
        guard let shape, shape.rank == 4, let count = shape[1], let rows = shape[2], let columns = shape[3] else {
            return false
        }
        // Prototypes are a quarter of the input in YOLO's own networks, and finer with a head of stride 4.
        return count > 0 && [2, 4, 8].contains { rows * $0 == size.height && columns * $0 == size.width }
    }

    /// Whether an output holds a mask for each box, `[1, count, rows, columns]`.
    private func areMasks(_ shape: TensorShape?, count: Int) -> Bool {
        shape?.rank == 4 && shape?[0] == 1 && shape?[1] == count && (shape?.elementCount ?? 0) > 0
    }

    /// Whether the first layer splits the picture into patches, as those of DINO's transformers do.
    func startsWithPatches(_ size: Size) -> Bool {
        let graph = model.graph()
        return graph.nodes.contains { node in
            guard node.type == "Convolution", let input = node.inputs.first,
                let source = graph.nodes[input.node].outputs[input.output], source[1] == 3, source[2] == size.height,
                let rows = node.outputs.first??[2]
            else { return false }
            return rows * 8 <= size.height
        }
    }

    private var shapes: String {
        "it returns " + model.outputs.map { $0?.description ?? "a tensor of any rank" }.joined(separator: ", ")
    }

    private func unknownDecoding() -> YOLOError {
        refusal(
            "has boxes that follow neither the cells of its feature maps nor its queries (\(shapes))",
            "export it with boxes as centre, width and height in pixels of its input, and scores from 0 to 1"
        )
    }

    private func unknownOutputs() -> YOLOError {
        let ranks = Set(model.outputs.map { $0?.rank })
        if model.outputs.count > 1, ranks == [5] || ranks == [4] {
            return refusal(
                "returns its raw heads, and the file does not hold their anchors (\(shapes))",
                "export it with decoded boxes (without --train, with --grid), or serve the checkpoint itself"
            )
        }
        return refusal(
            "does not return boxes in a supported layout (\(shapes))",
            "supported are [1, boxes, 5 + classes] and [1, 4 + classes, boxes], with or without mask prototypes, boxes and "
                + "scores as two outputs, and final boxes"
        )
    }
}

extension BoxForm {
    /// Whether boxes are stated as YOLO's own exports do.
    fileprivate var isUsual: Bool {
        boxes == scores && coordinates == .centers && !isRelative && !areLogits && isTransposed != hasObjectness
    }
}

extension CellProbe.Finding {
    fileprivate var format: InputFormat {
        if isYOLOX { return .yolox }
        if form.boxes != form.scores { return .nas }
        return form.hasObjectness ? .usual : .exact
    }

    fileprivate var family: ModelFamily? {
        if isYOLOX { return .yolox }
        if form.boxes != form.scores { return .nas }
        if isCertain { return .yoloV6 }
        return form.hasObjectness ? nil : .anchorFree
    }
}

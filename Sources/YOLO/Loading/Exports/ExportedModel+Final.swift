internal import Inference

extension ExportedModel {
    /// Returns an export that returns its final boxes; nil if it returns others.
    ///
    /// Which of its values are scores and which classes is found by what they are for known values.
    func final(_ size: Size) throws -> Whole? {
        guard let classCount = names?.count else { return nil }
        let probe = OutputProbe(model, size, entrance: suppresses ? .convolutions : .layers)
        return try finalBoxes(probe, classCount, size) ?? finalRows(probe, classCount)
            ?? finalParts(probe, classCount, size)
    }

    /// Whether the network suppresses overlapping boxes itself.
    var suppresses: Bool {
        model.graph().nodes.contains { $0.type.contains("NonMaxSuppression") || $0.type.contains("Nms") }
    }

    /// Whether the outputs look like final boxes, of classes that the file does not name.
    var lacksNames: Bool {
        let shapes = model.outputs.compactMap(\.self)
        let areRows = shapes.count == 1 && shapes[0].rank == 2 && shapes[0][1] == 7
        let areParts = shapes.count { $0.rank == 3 && $0[2] == 4 } == 1 && shapes.count { $0.rank == 2 } >= 2
        return names == nil && (areRows || areParts)
    }

    /// Returns an export with the output `[1, boxes, 6 + coefficients]`, as the Ultralytics package writes it: with edges
    /// in pixels, or, from transformers, relative centres and sizes.
    private func finalBoxes(_ probe: OutputProbe, _ classCount: Int, _ size: Size) throws -> Whole? {
        let outputs = model.outputs
        let coefficients = outputs.count == 2 && isPrototypes(outputs[1], size) ? outputs[1]?[1] ?? 0 : 0
        let length = 6 + coefficients
        guard let shape = outputs.first ?? nil, shape.rank == 3, shape[2] == length,
            outputs.count == (coefficients > 0 ? 2 : 1)
        else { return nil }
        let edges = FinalProbe(probe) { probe.response(of: 0, to: $0)?.rows(of: length) }
        if let edges, edges.areFinal(classCount: classCount), edges.areSorted,
            edges.lieOnCells(of: probe.strides(of: 0))
        {
            return whole(model, classCount, coefficients: coefficients, .exact, .endToEnd)
        }
        let centers = FinalProbe(probe) { feed in
            probe.response(of: 0, to: feed)?.rows(of: length).map {
                $0.edges(width: size.width, height: size.height)
            }
        }
        guard coefficients == 0, let centers, centers.areFinal(classCount: classCount), centers.areSorted else {
            return nil
        }
        return whole(try model.edges(height: size.height, width: size.width), classCount, .stretched, .rtDETR)
    }

    /// Returns an export with the output `[boxes, 7]`: index of the picture, edges, and class and score in either order.
    private func finalRows(_ probe: OutputProbe, _ classCount: Int) throws -> Whole? {
        guard model.outputs.count == 1, let shape = model.outputs[0], shape.rank == 2, shape[1] == 7 else { return nil }
        for columns in [[1, 2, 3, 4, 6, 5], [1, 2, 3, 4, 5, 6]] {
            let found = FinalProbe(probe) { feed in
                probe.response(of: 0, to: feed)?.rows(of: 7).map { row in columns.map { row[$0] } }
            }
            guard let found, found.areFinal(classCount: classCount) else { continue }
            let ordered = try model.reordered(columns)
            // YOLOv6 and v7 put the class first, YOLO-NAS the score.
            if columns[4] == 5 { return whole(ordered, classCount, .nas, .nas) }
            return whole(ordered, classCount, .usual, ModelFamily(name: "YOLOv6 or v7"))
        }
        return nil
    }

    /// Returns an export with boxes, `[1, boxes, 4]`, scores and classes, `[1, boxes]`, as outputs of their own.
    ///
    /// If their number is an output as well, the places after the last box have no class.
    private func finalParts(_ probe: OutputProbe, _ classCount: Int, _ size: Size) throws -> Whole? {
        let outputs = model.outputs
        let count = outputs.firstIndex { $0?.elementCount == 1 }
        guard let boxes = outputs.firstIndex(where: { $0?.rank == 3 && $0?[2] == 4 }),
            outputs.count == (count == nil ? 3 : 4)
        else { return nil }
        let others = outputs.indices.filter { $0 != count && outputs[$0]?.rank == 2 }
        guard others.count == 2 else { return nil }
        for (scores, classes) in [(others[0], others[1]), (others[1], others[0])] {
            let found = FinalProbe(probe) { feed in
                guard let edges = probe.response(of: boxes, to: feed)?.rows(of: 4),
                    let scores = probe.response(of: scores, to: feed),
                    let classes = probe.response(of: classes, to: feed),
                    scores.count == edges.count, classes.count == edges.count
                else { return nil }
                let rows = edges.indices.map { edges[$0] + [scores[$0], classes[$0]] }
                guard let count else { return rows }
                // Places after the last box must be recognisable without their number.
                guard let number = probe.response(of: count, to: feed, layersOf: boxes)?.first, number >= 0,
                    rows.dropFirst(Int(min(number, 1e9))).allSatisfy({ $0[5] < 0 || $0[4] <= 0 })
                else { return nil }
                return Array(rows.prefix(Int(min(number, 1e9))))
            }
            guard let found, found.areFinal(classCount: classCount) else { continue }
            let joined = try model.joined(boxes: boxes, scores: scores, classes: classes)
            if count == nil, !suppresses {
                var format = startsWithPatches(size) ? InputFormat.imageNet : .averaged
                format.antialiases = true
                return whole(joined, classCount, format, .detr)
            }
            if model.hasOutput(boxes, named: "pred_boxes") { return whole(joined, classCount, .nas, .nas) }
            return whole(joined, classCount, .usual, count == nil ? nil : .yoloV6)
        }
        return nil
    }

    private func whole(
        _ model: Model,
        _ classCount: Int,
        coefficients: Int = 0,
        _ format: InputFormat,
        _ family: ModelFamily?
    ) -> Whole {
        Whole(
            model: model,
            layout: OutputLayout(
                boxes: .final,
                classCount: classCount,
                maskCoefficientCount: coefficients,
                selection: .bestClass
            ),
            format: format,
            family: family,
            isUnchanged: false,
            reason: "it selects its best boxes itself, so that `iou`, `agnostic_nms` and `multi_label` have no effect"
        )
    }
}

extension [Float] {
    /// Splits values into rows of a length.
    fileprivate func rows(of length: Int) -> [[Float]] {
        stride(from: 0, through: count - length, by: length).map { Array(self[$0..<$0 + length]) }
    }

    /// Converts the relative centre and size that a row starts with to edges in pixels.
    fileprivate func edges(width: Int, height: Int) -> [Float] {
        let (across, down) = (Float(width), Float(height))
        let edges = [
            (self[0] - self[2] / 2) * across, (self[1] - self[3] / 2) * down, (self[0] + self[2] / 2) * across,
            (self[1] + self[3] / 2) * down,
        ]
        return edges + self[4...]
    }
}

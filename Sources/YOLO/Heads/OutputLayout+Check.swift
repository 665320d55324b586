package import Inference

extension OutputLayout {
    /// Rejects outputs that do not have this layout.
    ///
    /// Decoders rely on it. A network's shapes may depend on the picture in ways that no check of its file sees.
    /// - Parameters:
    ///   - outputs: The outputs of one run.
    ///   - height: Height of the network's input in pixels.
    ///   - width: Width of the network's input in pixels.
    /// - Throws: ``InferenceError`` with `failed`.
    package func check(_ outputs: [OutputTensor], height: Int, width: Int) throws {
        let shapes = outputs.map(\.dimensions)
        guard areAsExpected(shapes, height: height, width: width) else {
            let text = shapes.map { "[\($0.map(String.init).joined(separator: ", "))]" }.joined(separator: ", ")
            throw InferenceError(.failed, "the network returned \(text) for a picture of \(width)x\(height)")
        }
    }

    private func areAsExpected(_ shapes: [[Int]], height: Int, width: Int) -> Bool {
        let perBox: Int
        switch boxes {
        case .heads(let heads):
            let wanted = heads.map { head in
                [1, head.anchors.count * head.valuesPerAnchor, height / head.stride, width / head.stride]
            }
            return Array(shapes.prefix(heads.count)) == wanted && areMasks(shapes, after: heads.count, boxCount: 0)
        case .cells(let heads):
            let channels = [4 * heads.bins, classCount] + (maskCoefficientCount > 0 ? [maskCoefficientCount] : [])
            let wanted = heads.strides.flatMap { stride in channels.map { [1, $0, height / stride, width / stride] } }
            return Array(shapes.prefix(wanted.count)) == wanted && areMasks(shapes, after: wanted.count, boxCount: 0)
        case .rows: perBox = 5 + classCount + maskCoefficientCount
        case .columns: perBox = 4 + classCount + maskCoefficientCount
        case .final: perBox = 6 + maskCoefficientCount
        }
        guard let shape = shapes.first, shape.count == 3, shape[0] == 1 else { return false }
        let (count, length) = boxes == .columns ? (shape[2], shape[1]) : (shape[1], shape[2])
        return length == perBox && areMasks(shapes, after: 1, boxCount: count)
    }

    private func areMasks(_ shapes: [[Int]], after first: Int, boxCount: Int) -> Bool {
        guard hasMasks else { return shapes.count >= first }
        guard shapes.count > first, let masks = shapes.last, masks.count == 4, masks[0] == 1 else { return false }
        return masks[1] == (hasMaskPerBox ? boxCount : maskCoefficientCount) && masks[2] > 0 && masks[3] > 0
    }
}

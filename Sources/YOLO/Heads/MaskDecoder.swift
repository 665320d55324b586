internal import CPixels
package import Imaging
package import Inference
package import ObjectDetection

/// Decodes masks from the prototypes of a segmentation network and the coefficients of its boxes.
///
/// Probabilities are sigmoid(coefficients · prototypes), without the padding, interpolated bilinearly to the picture's
/// pixels. The object consists of the pixels above 0.5 with a column and a row inside the box.
///
/// Nothing is computed outside the box, and very little at the picture's resolution: between two prototypes,
/// probabilities are monotonic, so the few places where a row of pixels crosses 0.5 determine its pixels.
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `utils/segment/general.py`, `process_mask_native`, `crop_mask`; with
///   `isExact`, Ultralytics 8.4, `utils/ops.py`, `process_mask_native`.
package struct MaskDecoder {
    private let prototypes: OutputTensor
    private let columns: PrototypeAxis
    private let rows: PrototypeAxis
    private let isExact: Bool

    /// Creates a decoder for the prototypes of one run.
    ///
    /// - Parameters:
    ///   - prototypes: `[1, coefficients, rows, columns]`; the values must stay valid while the decoder is used.
    ///   - letterbox: How the picture was fitted into the network's input.
    ///   - isExact: Whether pixels lie where the picture was drawn, and sums are interpolated instead of probabilities,
    ///     as in the Ultralytics package.
    package init(prototypes: OutputTensor, letterbox: Letterbox, isExact: Bool = false) {
        precondition(prototypes.dimensions.count == 4 && prototypes.dimensions[0] == 1, "must belong to one picture")
        let (rowCount, columnCount) = (prototypes.dimensions[2], prototypes.dimensions[3])
        let (imageWidth, imageHeight) = (letterbox.imageWidth, letterbox.imageHeight)
        self.prototypes = prototypes
        self.isExact = isExact
        if isExact {
            columns = PrototypeAxis(
                count: columnCount,
                imageLength: imageWidth,
                scaledLength: letterbox.scaledWidth,
                padding: letterbox.padLeft,
                inputLength: letterbox.width
            )
            rows = PrototypeAxis(
                count: rowCount,
                imageLength: imageHeight,
                scaledLength: letterbox.scaledHeight,
                padding: letterbox.padTop,
                inputLength: letterbox.height
            )
        } else {
            let gain = min(Double(rowCount) / Double(imageHeight), Double(columnCount) / Double(imageWidth))
            columns = PrototypeAxis(count: columnCount, imageLength: imageWidth, gain: gain)
            rows = PrototypeAxis(count: rowCount, imageLength: imageHeight, gain: gain)
        }
    }

    /// Decodes the mask of one object.
    ///
    /// - Parameters:
    ///   - box: Bounding box of the object in pixels of the picture; parts outside the picture are ignored.
    ///   - coefficients: One coefficient per prototype.
    /// - Returns: The mask; nil if no pixel has a column and a row inside the box.
    package func mask(in box: BoundingBox, coefficients: [Float]) -> Mask? {
        precondition(coefficients.count == prototypes.dimensions[1], "each prototype needs a coefficient")
        let pixelColumns = columns.pixels(from: box.minX, to: box.maxX)
        let pixelRows = rows.pixels(from: box.minY, to: box.maxY)
        guard !pixelColumns.isEmpty, !pixelRows.isEmpty else { return nil }

        let prototypeRows = rows.prototypes(around: pixelRows)
        let prototypeColumns = columns.prototypes(around: pixelColumns)
        let width = prototypeColumns.count
        let probabilities = probabilities(coefficients, rows: prototypeRows, columns: prototypeColumns)
        var crossings = MaskCrossings(of: pixelColumns, between: prototypeColumns, along: columns)
        return Mask(
            imageWidth: columns.imageLength,
            imageHeight: rows.imageLength,
            x: pixelColumns.lowerBound,
            y: pixelRows.lowerBound,
            width: pixelColumns.count,
            height: pixelRows.count
        ) { row, edges in
            let (near, farWeight) = rows.sample(pixelRows.lowerBound + row)
            let far = min(near + 1, prototypeRows.upperBound - 1)
            crossings.appendEdges(
                near: probabilities[((near - prototypeRows.lowerBound) * width)...].prefix(width),
                far: probabilities[((far - prototypeRows.lowerBound) * width)...].prefix(width),
                farWeight: farWeight,
                to: &edges
            )
        }
    }

    /// Returns an object's probabilities at the given prototypes, `[rows, columns]`.
    private func probabilities(_ coefficients: [Float], rows: Range<Int>, columns: Range<Int>) -> [Float] {
        let rowLength = prototypes.dimensions[3]
        let plane = prototypes.dimensions[2] * rowLength
        precondition(rows.upperBound <= prototypes.dimensions[2] && columns.upperBound <= rowLength)
        let count = rows.count * columns.count
        return Array(unsafeUninitializedCapacity: count) { buffer, initializedCount in
            guard let source = prototypes.values.baseAddress, let target = buffer.baseAddress else { return }
            for (index, row) in rows.enumerated() {
                pixels_mask_row(
                    source + row * rowLength + columns.lowerBound,
                    plane,
                    coefficients,
                    coefficients.count,
                    isExact,
                    target + index * columns.count,
                    columns.count
                )
            }
            initializedCount = count
        }
    }
}

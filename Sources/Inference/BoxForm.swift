internal import COpenVINO

/// How outputs of a network state boxes, `[1, boxes, values]`: four coordinates, then the scores unless they are an output
/// of their own.
package struct BoxForm: Hashable, Sendable {
    /// What the coordinates of a box are.
    package enum Coordinates: Hashable, Sendable {
        /// Centre, width and height.
        case centers
        /// Left, top, right and bottom edge.
        case corners
        /// Centre relative to the corner of a cell, and logarithm of width and height, both in cells.
        case offsets([Cell])
    }

    /// A cell of a network's grid.
    package struct Cell: Hashable, Sendable {
        package var column: Int
        package var row: Int
        /// Pixels per cell.
        package var stride: Int

        package init(column: Int, row: Int, stride: Int) {
            self.column = column
            self.row = row
            self.stride = stride
        }
    }

    /// Index of the output with the coordinates.
    package var boxes: Int
    /// Index of the output with the scores; the same if they follow the coordinates.
    package var scores: Int
    /// Number of classes, at least 1.
    package var classCount: Int
    /// Index of the output with a mask for each box, if there is one.
    package var masks: Int?
    /// Number of values after the scores.
    package var maskCoefficientCount = 0
    /// Whether the output with the coordinates is `[1, values, boxes]`.
    package var isTransposed = false
    /// Whether the first score is that of an object, to be multiplied with those of the classes.
    package var hasObjectness = false
    /// Whether scores need a sigmoid.
    package var areLogits = false
    package var coordinates = Coordinates.centers
    /// Whether coordinates are relative to the size of the input rather than in pixels.
    package var isRelative = false

    package init(boxes: Int, scores: Int, classCount: Int) {
        self.boxes = boxes
        self.scores = scores
        self.classCount = classCount
    }

    /// Number of values of a box, with those in the output of the scores.
    package var valuesPerBox: Int { 4 + (hasObjectness ? 1 : 0) + classCount + maskCoefficientCount }
}

extension Model {
    /// Returns a copy of the network with boxes, scores and mask coefficients in one output.
    ///
    /// - Parameters:
    ///   - form: How this network states boxes.
    ///   - height: Height of the network's input in pixels.
    ///   - width: Width of the network's input in pixels.
    /// - Returns: A network with the output `[1, 4 + classes + coefficients, boxes]`: centre, width and height in pixels,
    ///   scores from 0 to 1, and mask coefficients. The remaining outputs follow.
    /// - Throws: ``InferenceError`` if the outputs do not have this form.
    package func columns(from form: BoxForm, height: Int, width: Int) throws -> Model {
        var raw = COVBoxes()
        raw.boxes = form.boxes
        raw.scores = form.scores
        raw.class_count = form.classCount
        raw.is_transposed = form.isTransposed
        raw.has_objectness = form.hasObjectness
        raw.are_logits = form.areLogits
        raw.width = form.isRelative ? Float(width) : 1
        raw.height = form.isRelative ? Float(height) : 1
        var cells: [COVCell] = []
        switch form.coordinates {
        case .centers: raw.coordinates = COV_CENTERS
        case .corners: raw.coordinates = COV_CORNERS
        case .offsets(let places):
            raw.coordinates = COV_OFFSETS
            cells = places.map { COVCell(column: $0.column, row: $0.row, stride: $0.stride) }
        }
        return try cells.withUnsafeBufferPointer { cells in
            raw.cells = cells.baseAddress
            raw.cell_count = cells.count
            return try converted { cov_model_columns($0, raw, $1) }
        }
    }

    /// Returns a copy of a network whose only output is `[boxes, values]` with six of the values, `[1, boxes, 6]`.
    package func reordered(_ columns: [Int]) throws -> Model {
        precondition(columns.count == 6, "a box has six values")
        return try converted { cov_model_reordered($0, columns, $1) }
    }

    /// Returns a copy of the network that joins its outputs.
    ///
    /// - Parameters:
    ///   - boxes: Index of the output with the coordinates.
    ///   - scores: Index of the output with the scores.
    ///   - classes: Index of the output with the class ids.
    /// - Returns: A network with the output `[1, boxes, 6]`: four coordinates, score and class.
    /// - Throws: ``InferenceError`` if the outputs do not have this form.
    package func joined(boxes: Int, scores: Int, classes: Int) throws -> Model {
        try converted { cov_model_joined($0, boxes, scores, classes, $1) }
    }

    /// Returns a copy of a network whose rows start with edges in pixels instead of a relative centre and size.
    ///
    /// - Parameters:
    ///   - height: Height of the network's input in pixels.
    ///   - width: Width of the network's input in pixels.
    /// - Returns: A network with the same output, `[1, boxes, values]`.
    /// - Throws: ``InferenceError`` if this network has another output.
    package func edges(height: Int, width: Int) throws -> Model {
        try converted { cov_model_edges($0, height, width, $1) }
    }

    /// Replaces an input by a constant, `[1, values]`.
    package func setInput(_ index: Int, to values: [Float]) throws {
        try modify { cov_model_set_input($0, index, values, values.count) }
    }

    /// Makes a network that accepts integers accept floats of the same values; returns whether it accepted integers.
    package func takeFloats() throws -> Bool {
        var tookBytes = false
        try modify { cov_model_take_floats($0, &tookBytes) }
        return tookBytes
    }

    /// Makes a network whose input is (value - mean) / deviation, of values in `0...255`, accept RGB in `0...1`.
    ///
    /// - Parameters:
    ///   - mean: Means of red, green and blue.
    ///   - deviation: Deviations of red, green and blue.
    ///   - reverses: Whether the network's input is BGR.
    /// - Throws: ``InferenceError`` if it has another input.
    package func normalize(mean: [Float], deviation: [Float], reverses: Bool) throws {
        precondition(mean.count == 3 && deviation.count == 3, "each colour needs a mean and a deviation")
        try modify { cov_model_normalize($0, mean, deviation, reverses) }
    }
}

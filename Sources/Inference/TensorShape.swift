internal import COpenVINO

/// Shape of a tensor, in which some sizes may not be fixed.
package struct TensorShape: Hashable, Sendable, CustomStringConvertible {
    /// Size of each axis, outermost first; nil if the size is not fixed.
    package let dimensions: [Int?]

    package init(_ dimensions: [Int?]) {
        self.dimensions = dimensions
    }

    /// Returns nil if the number of axes is not fixed or exceeds `COV_MAXIMUM_RANK`.
    init?(_ shape: COVShape) {
        guard shape.rank >= 0 else { return nil }
        dimensions = withUnsafeBytes(of: shape.dimensions) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(shape.rank)).map { $0 < 0 ? nil : Int($0) }
        }
    }

    /// Number of axes.
    package var rank: Int { dimensions.count }

    /// Size of an axis, or nil if there is no such axis or its size is not fixed.
    package subscript(axis: Int) -> Int? {
        dimensions.indices.contains(axis) ? dimensions[axis] : nil
    }

    /// Number of elements, or nil if a size is not fixed or the product overflows.
    package var elementCount: Int? {
        dimensions.reduce(1) { count, size in
            guard let count, let size else { return nil }
            let (product, overflows) = count.multipliedReportingOverflow(by: size)
            return overflows ? nil : product
        }
    }

    /// Text such as `[1, 3, ?, ?]`.
    package var description: String {
        "[" + dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
    }
}

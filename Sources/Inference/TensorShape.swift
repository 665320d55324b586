internal import COpenVINO

/// The sizes of a tensor by axis.
public struct TensorShape: Hashable, Sendable, CustomStringConvertible {
    /// Sizes by axis, outermost first; nil for an axis whose size is not fixed.
    public let dimensions: [Int?]

    /// Makes a shape from sizes.
    public init(_ dimensions: [Int?]) {
        self.dimensions = dimensions
    }

    /// nil where even the number of axes is not fixed.
    init?(_ shape: COVShape) {
        guard shape.rank >= 0 else { return nil }
        dimensions = withUnsafeBytes(of: shape.dimensions) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(shape.rank)).map { $0 < 0 ? nil : Int($0) }
        }
    }

    /// Number of axes.
    public var rank: Int { dimensions.count }

    /// The size along an axis, or nil where there is no such axis or its size is not fixed.
    public subscript(axis: Int) -> Int? {
        dimensions.indices.contains(axis) ? dimensions[axis] : nil
    }

    /// Number of values, or nil where a size is not fixed or there are more than can be counted.
    public var elementCount: Int? {
        dimensions.reduce(1) { count, size in
            guard let count, let size else { return nil }
            let (product, overflows) = count.multipliedReportingOverflow(by: size)
            return overflows ? nil : product
        }
    }

    /// As in `[1, 3, ?, ?]`.
    public var description: String {
        "[" + dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
    }
}

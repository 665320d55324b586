/// What an object of a scene is; the order is that of the categories.
public enum ShapeKind: String, CaseIterable, Sendable {
    case circle
    case triangle
    case square
    case star
    case cross
    case ring
    case heart
    case arrow

    /// Number of the category in the annotations, from 1.
    public var categoryID: Int {
        1 + (Self.allCases.firstIndex(of: self) ?? 0)
    }
}

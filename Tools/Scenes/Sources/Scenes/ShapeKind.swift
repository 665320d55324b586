/// Kind of an object, in the order of the categories.
public enum ShapeKind: String, CaseIterable, Sendable {
    case circle
    case triangle
    case square
    case star
    case cross
    case ring
    case heart
    case arrow

    /// Id of the category in the annotations, from 1.
    public var categoryID: Int {
        1 + (Self.allCases.firstIndex(of: self) ?? 0)
    }
}

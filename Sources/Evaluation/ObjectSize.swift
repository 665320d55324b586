/// How large an object is: COCO's ranges of areas.
public enum ObjectSize: Int, Sendable, CaseIterable {
    /// Of any size.
    case all
    /// Up to 32² pixels.
    case small
    /// From 32² to 96² pixels.
    case medium
    /// From 96² pixels on.
    case large

    /// Areas in pixels; an object whose area is a bound belongs to both sides.
    var areas: ClosedRange<Double> {
        switch self {
        case .all: 0...1e10
        case .small: 0...1024
        case .medium: 1024...9216
        case .large: 9216...1e10
        }
    }
}

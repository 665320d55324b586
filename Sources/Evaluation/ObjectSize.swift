/// Object sizes: COCO's area ranges.
package enum ObjectSize: Int, Sendable, CaseIterable {
    /// Any size.
    case all
    /// Up to 32² pixels.
    case small
    /// From 32² to 96² pixels.
    case medium
    /// From 96² pixels.
    case large

    /// Areas in pixels; an area equal to a bound belongs to both ranges.
    var areas: ClosedRange<Double> {
        switch self {
        case .all: 0...1e10
        case .small: 0...1024
        case .medium: 1024...9216
        case .large: 9216...1e10
        }
    }
}

/// A figure at a position in a picture.
struct PlacedFigure {
    /// Kind of the object; nil for a distractor.
    let kind: ShapeKind?
    /// Figure in pixels of the picture; may extend beyond the picture.
    let figure: Figure
    /// Width of the outline in pixels; 0 for none.
    let outlineWidth: Double
    /// Pixels of the picture that the figure covers.
    let stencil: Stencil
    /// Minimum number of visible pixels.
    let leastVisibleArea: Double
}

extension PlacedFigure {
    /// Chooses an object with a random kind, size and position.
    ///
    /// - Parameters:
    ///   - largest: Maximum of the object's longer side in pixels.
    ///   - picture: Width and height of the picture in pixels.
    ///   - random: Source of randomness.
    /// - Returns: The object at its position.
    /// - Throws: ``SceneError`` with `drawingFailed` if memory runs out.
    static func object(
        largest: Double,
        in picture: (width: Int, height: Int),
        using random: inout SeededRandom
    ) throws(SceneError) -> PlacedFigure {
        let kind = random.element(of: ShapeKind.allCases)
        // In most photographs, small objects are as common as large ones, so the distribution favours small sizes.
        let share = random.unit()
        let side = 17 + (largest - 17) * share * share
        let outlineWidth = side > 28 && random.chance(0.35) ? max(1.5, side * random.number(in: 0.02...0.05)) : 0
        let centered = kind.figure(using: &random)
            .rotated(degrees: random.chance(0.25) ? 0 : random.number(in: 0...360))
            .fitted(to: side - outlineWidth, around: .zero)
        // Some objects extend slightly beyond the edge of the picture.
        let inset = (centered.bounds.maximum + outlineWidth / 2) * (random.chance(0.85) ? 1 : 0.7)
        let size = Point(Double(picture.width), Double(picture.height))
        let figure = centered.moved(by: random.point(in: size - 2 * inset) + inset)

        let frame = Int(side) + 2
        let middle = Point(repeating: Double(frame) / 2)
        let whole = try Stencil(centered.moved(by: middle), outlineWidth: outlineWidth, in: (frame, frame))
        // A small object cannot be recognised from a part of it.
        let leastVisibleShare = side < 40 ? 0.9 : kind.leastVisibleShare
        return PlacedFigure(
            kind: kind,
            figure: figure,
            outlineWidth: outlineWidth,
            stencil: try Stencil(figure, outlineWidth: outlineWidth, in: picture),
            leastVisibleArea: leastVisibleShare * Double(whole.area)
        )
    }

    /// Places a distractor, which must stay visible enough that it is not mistaken for an object.
    ///
    /// - Parameters:
    ///   - figure: Figure in pixels of the picture; must be completely inside the picture.
    ///   - picture: Width and height of the picture in pixels.
    /// - Returns: The distractor at its position.
    /// - Throws: ``SceneError`` with `drawingFailed` if memory runs out.
    static func distractor(
        _ figure: Figure,
        in picture: (width: Int, height: Int)
    ) throws(SceneError) -> PlacedFigure {
        let stencil = try Stencil(figure, outlineWidth: 0, in: picture)
        return PlacedFigure(
            kind: nil,
            figure: figure,
            outlineWidth: 0,
            stencil: stencil,
            leastVisibleArea: 0.8 * Double(stencil.area)
        )
    }
}

extension ShapeKind {
    /// Minimum visible share: a ring without its hole, or an arrow without its head, cannot be recognised.
    fileprivate var leastVisibleShare: Double {
        switch self {
        case .circle, .square, .star, .cross: 0.55
        case .ring, .heart: 0.7
        case .triangle, .arrow: 0.8
        }
    }
}

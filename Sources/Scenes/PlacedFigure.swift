/// A figure at its place in a picture.
struct PlacedFigure {
    /// What it is; nil where it is a distractor.
    let kind: ShapeKind?
    /// Its edge in pixels of the picture; may reach beyond it.
    let figure: Figure
    /// Width in pixels of the line along the edge; 0 for none.
    let outlineWidth: Double
    /// The pixels of the picture that it covers.
    let stencil: Stencil
    /// How many pixels have to be seen.
    let leastVisibleArea: Double
}

extension PlacedFigure {
    /// Chooses an object, its size and its place.
    ///
    /// - Parameters:
    ///   - largest: Longest side in pixels that it may have.
    ///   - picture: Width and height of the picture in pixels.
    ///   - random: Where the choices come from.
    /// - Returns: The object.
    /// - Throws: ``SceneError`` with `drawingFailed` where memory runs out.
    static func object(
        largest: Double,
        in picture: (width: Int, height: Int),
        using random: inout SeededRandom
    ) throws(SceneError) -> PlacedFigure {
        let kind = random.element(of: ShapeKind.allCases)
        // In most pictures that people take small things are as many as large ones, so the sizes lean towards them.
        let share = random.unit()
        let side = 17 + (largest - 17) * share * share
        let outlineWidth = side > 28 && random.chance(0.35) ? max(1.5, side * random.number(in: 0.02...0.05)) : 0
        let centered = kind.figure(using: &random)
            .rotated(degrees: random.chance(0.25) ? 0 : random.number(in: 0...360))
            .fitted(to: side - outlineWidth, around: .zero)
        // Some reach over the picture's edge a little.
        let inset = (centered.bounds.maximum + outlineWidth / 2) * (random.chance(0.85) ? 1 : 0.7)
        let size = Point(Double(picture.width), Double(picture.height))
        let figure = centered.moved(by: random.point(in: size - 2 * inset) + inset)

        let frame = Int(side) + 2
        let middle = Point(repeating: Double(frame) / 2)
        let whole = try Stencil(centered.moved(by: middle), outlineWidth: outlineWidth, in: (frame, frame))
        // What is small cannot be named by a part of it.
        let leastVisibleShare = side < 40 ? 0.9 : kind.leastVisibleShare
        return PlacedFigure(
            kind: kind,
            figure: figure,
            outlineWidth: outlineWidth,
            stencil: try Stencil(figure, outlineWidth: outlineWidth, in: picture),
            leastVisibleArea: leastVisibleShare * Double(whole.area)
        )
    }

    /// A distractor of which so much stays in sight that nobody takes it for something else.
    ///
    /// - Parameters:
    ///   - figure: Its edge in pixels of the picture, which it lies in as a whole.
    ///   - picture: Width and height of the picture in pixels.
    /// - Returns: The distractor.
    /// - Throws: ``SceneError`` with `drawingFailed` where memory runs out.
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
    /// The share of an object that has to be seen: a ring without its hole or an arrow without its head is none.
    fileprivate var leastVisibleShare: Double {
        switch self {
        case .circle, .square, .star, .cross: 0.55
        case .ring, .heart: 0.7
        case .triangle, .arrow: 0.8
        }
    }
}

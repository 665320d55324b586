/// A figure that belongs to none of the kinds and must not be detected.
enum Distractor: CaseIterable {
    case bar
    case bolt
    case corner
    case crescent
    case ellipse
    case halfDisc
    case pentagon

    /// Returns a figure about two units in size, centred on the origin and not rotated.
    private func figure(using random: inout SeededRandom) -> Figure {
        switch self {
        case .bar:
            let height = random.number(in: 0.08...0.26)
            return Figure([Point(-1, -height), Point(1, -height), Point(1, height), Point(-1, height)])
        case .bolt:
            return Figure([
                Point(0.1, -1), Point(-0.5, 0.15), Point(-0.05, 0.15), Point(-0.3, 1), Point(0.5, -0.25),
                Point(0.05, -0.25), Point(0.45, -1),
            ])
        case .corner:
            // With arms of equal length it would look like an arrowhead.
            let (width, arm) = (random.number(in: 0.25...0.4), random.number(in: -0.3...0))
            return Figure([
                Point(-1, -1), Point(width - 1, -1), Point(width - 1, 1 - width), Point(arm, 1 - width), Point(arm, 1),
                Point(-1, 1),
            ])
        case .crescent:
            // The inner circle passes through the ends of the outer arc.
            let end = random.number(in: 40...60)
            let center = Point(random.number(in: 0.25...0.5), 0)
            let chord = Point(degrees: end) - center
            let innerEnd = chord.degrees
            return Figure(
                arc(degrees: (end, 360 - end))
                    + arc(center: center, radius: chord.length, degrees: (360 - innerEnd, innerEnd))
            )
        case .ellipse:
            return Figure(circle()).scaled(by: Point(1, random.number(in: 0.22...0.42)))
        case .halfDisc:
            return Figure(arc(degrees: (0, 180)))
        case .pentagon:
            return Figure((0..<5).map { Point(degrees: Double(72 * $0) - 90) })
        }
    }

    /// Paints several distractors, complete and without overlap, because two overlapping bars would form a cross.
    ///
    /// - Parameters:
    ///   - painting: Picture to paint on.
    ///   - coverage: Figures in the picture; the distractors are added.
    ///   - random: Source of randomness.
    /// - Throws: ``SceneError`` with `drawingFailed` if memory runs out.
    static func scatter(
        on painting: Painting,
        _ coverage: inout Coverage,
        using random: inout SeededRandom
    ) throws(SceneError) {
        let size = painting.extent
        var discs: [(center: Point, radius: Double)] = []
        for _ in 0..<random.integer(in: 3...12) {
            let kind = random.element(of: allCases)
            let center = random.point(in: size)
            // Smaller figures would be unrecognisable.
            let side = 24 + (0.6 * size.min() - 24) * random.unit() * random.unit()
            let figure = kind.figure(using: &random)
                .rotated(degrees: random.number(in: 0...360))
                .fitted(to: side, around: center)
            let color = random.color()
            let (minimum, maximum) = figure.bounds
            let radius = (maximum - minimum).length / 2
            guard minimum.min() > 2, (size - maximum).min() > 2,
                discs.allSatisfy({ ($0.center - center).length > $0.radius + radius + 4 })
            else { continue }
            let distractor = try PlacedFigure.distractor(figure, in: painting.size)
            guard coverage.add(distractor) else { continue }
            discs.append((center, radius))
            painting.fill(figure, with: .color(color))
        }
    }
}

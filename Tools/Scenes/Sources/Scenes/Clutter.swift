/// Clutter on the background, behind the objects.
enum Clutter: CaseIterable {
    case clouds
    case blobs
    case lines
    case writing

    func paint(on painting: Painting, using random: inout SeededRandom) throws(SceneError) {
        switch self {
        case .clouds: try Clouds(using: &random).paint(on: painting)
        case .blobs: Self.paintBlobs(on: painting, using: &random)
        case .lines: Self.paintLines(on: painting, using: &random)
        case .writing: Self.paintWriting(on: painting, using: &random)
        }
    }

    /// Patches of colour that fade out, so that they do not look like discs.
    private static func paintBlobs(on painting: Painting, using random: inout SeededRandom) {
        let size = painting.extent
        for _ in 0..<random.integer(in: 3...10) {
            let color = random.color()
            let stops = [
                Paint.Stop(offset: 0, color: color, opacity: random.number(in: 0.3...0.6)),
                Paint.Stop(offset: 0.4, color: color, opacity: 0.2),
                Paint.Stop(offset: 1, color: color, opacity: 0),
            ]
            let radius = size.max() * random.number(in: 0.12...0.45)
            painting.cover(with: .radial(center: random.point(in: size), radius: radius, stops))
        }
    }

    /// Straight or bent lines across the picture.
    private static func paintLines(on painting: Painting, using random: inout SeededRandom) {
        let size = painting.extent
        let isBent = random.chance(0.5)
        for _ in 0..<random.integer(in: 3...14) {
            let direction = Point(degrees: random.number(in: 0...360)) * size.length / 2
            let middle = random.point(in: size)
            let bend = isBent ? (random.point(in: size) - painting.center) * 0.5 : .zero
            painting.drawCurve(
                through: [middle - direction, middle + bend, middle + direction],
                width: random.number(in: 0.7...3.5),
                color: random.color(),
                opacity: random.number(in: 0.4...1)
            )
        }
    }

    /// Rows of strokes that look like words in an unknown script.
    private static func paintWriting(on painting: Painting, using random: inout SeededRandom) {
        let size = painting.extent
        for _ in 0..<random.integer(in: 1...3) {
            let letter = random.number(in: 5...18)
            let color = random.color()
            let start = random.point(in: size) - Point(size.x / 4, 0)
            for line in 0..<random.integer(in: 1...6) {
                var position = start + Point(0, Double(line) * letter * 1.9)
                for _ in 0..<random.integer(in: 5...28) {
                    if random.chance(0.18) { position.x += letter * 0.8 }
                    // Letters run from left to right, so they never form a loop that looks like a ring.
                    let points = (0..<random.integer(in: 2...4)).map { step in
                        position + Point(Double(step) * letter * 0.22, random.number(in: -0.7...0.7) * letter)
                    }
                    painting.drawCurve(through: points, width: max(1, letter * 0.13), color: color)
                    position.x += letter * random.number(in: 0.75...1)
                }
            }
        }
    }
}

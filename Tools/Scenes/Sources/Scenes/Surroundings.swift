/// The colours just outside an object, before it is painted.
struct Surroundings {
    /// Width of the surroundings in pixels.
    private static let reach = 4.0

    /// Colours of the background, at index 0, and of each figure.
    private var colors: [[Color]]
    private var mean = Color(grey: 0)
    /// Minimum colour difference, which is larger for small objects.
    private let leastDifference: Double

    init(of object: PlacedFigure, on painting: Painting, _ coverage: Coverage) throws(SceneError) {
        let inner = object.stencil
        let outer = try Stencil(
            object.figure,
            outlineWidth: object.outlineWidth + 2 * Self.reach,
            in: painting.size
        )
        var colors = [[Color]](repeating: [], count: coverage.count + 1)
        try painting.withPixels { words, stride in
            outer.forEachPixel { x, y in
                guard !inner.covers(x: x, y: y) else { return }
                colors[coverage.owner(x: x, y: y)].append(Color(word: words[y * stride + x]))
            }
        }
        self.colors = colors
        leastDifference = max(inner.width, inner.height) < 40 ? 220 : 160
        mean = .mean(of: colors.joined())
    }

    /// Returns whether a colour differs from the mean, from 90 % of all colours, and from 75 % of each figure's.
    func differ(from color: Color) -> Bool {
        guard mean.difference(from: color) > leastDifference else { return false }
        var (alike, count) = (0, 0)
        for colors in colors {
            let alikeHere = colors.count { $0.difference(from: color) <= leastDifference }
            guard alikeHere * 4 <= colors.count else { return false }
            alike += alikeHere
            count += colors.count
        }
        return alike * 10 <= count
    }
}

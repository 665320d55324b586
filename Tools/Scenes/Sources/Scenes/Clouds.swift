/// Irregular light and dark areas, like plaster or grass: random levels on grids of several widths, interpolated
/// smoothly.
struct Clouds {
    private struct Octave {
        /// Distance between the grid's nodes in pixels.
        var spacing: Int
        /// Maximum deviation of a node in levels.
        var amplitude: Double
        var seed: UInt64
    }

    private let octaves: [Octave]
    /// Factor by which the levels change each channel.
    private let tint: SIMD3<Double>

    init(using random: inout SeededRandom) {
        let spacing = random.integer(in: 24...120)
        let amplitude = random.number(in: 12...45)
        octaves = (0..<random.integer(in: 1...4)).map { octave in
            Octave(
                spacing: max(2, spacing >> octave),
                amplitude: amplitude / Double(octave + 1),
                seed: random.next()
            )
        }
        tint = SIMD3(random.number(in: 0.5...1), random.number(in: 0.5...1), random.number(in: 0.5...1))
    }

    /// Lightens and darkens the picture.
    func paint(on painting: Painting) throws(SceneError) {
        let (width, height) = (painting.width, painting.height)
        var levels = [Double](repeating: 0, count: width * height)
        for octave in octaves { Self.add(octave, to: &levels, width: width, height: height) }
        try painting.withPixels { words, stride in
            for y in 0..<height {
                for x in 0..<width {
                    let level = levels[y * width + x]
                    words[y * stride + x] = Color(word: words[y * stride + x]).brightened(by: tint * level).word
                }
            }
        }
    }

    private static func add(_ octave: Octave, to levels: inout [Double], width: Int, height: Int) {
        let spacing = octave.spacing
        let columns = width / spacing + 2
        let rows = height / spacing + 2
        var random = SeededRandom(state: octave.seed)
        let nodes = (0..<(columns * rows)).map { _ in random.number(in: -octave.amplitude...octave.amplitude) }
        // A slope of zero at both ends hides the grid.
        let weights = (0..<spacing).map { step in
            let t = Double(step) / Double(spacing)
            return t * t * (3 - 2 * t)
        }
        for y in 0..<height {
            let (row, v) = (y / spacing, weights[y % spacing])
            for x in 0..<width {
                let (node, u) = (row * columns + x / spacing, weights[x % spacing])
                let upper = nodes[node] + u * (nodes[node + 1] - nodes[node])
                let lower = nodes[node + columns] + u * (nodes[node + columns + 1] - nodes[node + columns])
                levels[y * width + x] += upper + v * (lower - upper)
            }
        }
    }
}

extension Color {
    fileprivate func brightened(by levels: SIMD3<Double>) -> Color {
        func add(_ level: Int, _ change: Double) -> Int { min(max(level + Int(change.rounded()), 0), 255) }
        return Color(red: add(red, levels.x), green: add(green, levels.y), blue: add(blue, levels.z))
    }
}

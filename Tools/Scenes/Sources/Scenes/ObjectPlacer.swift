/// Paints objects where they are clearly visible.
struct ObjectPlacer {
    /// Maximum number of positions tried in a picture, unless it still has no object.
    private static let maximumTries = 150
    /// Maximum number of looks tried at a position before another position is tried.
    private static let maximumLooks = 16

    private let painting: Painting
    private let targetCount: Int
    /// Longest side of the largest object in pixels.
    private let largest: Double

    init(on painting: Painting, using random: inout SeededRandom) {
        self.painting = painting
        targetCount = random.integer(in: 1...12)
        let shortSide = Double(min(painting.width, painting.height))
        // The more objects, the smaller they must be.
        largest = min(299, 0.9 * shortSide, 1.5 * shortSide / Double(targetCount).squareRoot())
    }

    /// Places and paints the objects.
    ///
    /// - Parameters:
    ///   - coverage: Figures in the picture; at least one object is added.
    ///   - random: Source of randomness.
    /// - Throws: ``SceneError`` with `drawingFailed` if memory runs out.
    func place(on coverage: inout Coverage, using random: inout SeededRandom) throws(SceneError) {
        var (count, tries) = (0, 0)
        while count < targetCount, tries < Self.maximumTries || count == 0 {
            tries += 1
            let object = try PlacedFigure.object(largest: largest, in: painting.size, using: &random)
            let surroundings = try Surroundings(of: object, on: painting, coverage)
            guard let look = look(for: object, in: surroundings, using: &random), coverage.add(object) else { continue }
            look.paint(object, on: painting)
            count += 1
        }
    }

    /// Returns a look that stands out from the surroundings, or nil if none is found.
    private func look(
        for object: PlacedFigure,
        in surroundings: Surroundings,
        using random: inout SeededRandom
    ) -> Look? {
        for _ in 0..<Self.maximumLooks {
            let look = Look(isOutlined: object.outlineWidth > 0, using: &random)
            if look.isClear(in: surroundings) { return look }
        }
        return nil
    }
}

/// Paints objects where they can be seen well.
struct ObjectPlacer {
    /// Places tried in a picture, after which it stays as it is if there is an object in it.
    private static let maximumTries = 150
    /// Ways to paint an object that are tried at a place before another place is.
    private static let maximumLooks = 16

    private let painting: Painting
    private let targetCount: Int
    /// Longest side of the largest object in pixels.
    private let largest: Double

    init(on painting: Painting, using random: inout SeededRandom) {
        self.painting = painting
        targetCount = random.integer(in: 1...12)
        let shortSide = Double(min(painting.width, painting.height))
        // The more there are, the smaller they have to be.
        largest = min(299, 0.9 * shortSide, 1.5 * shortSide / Double(targetCount).squareRoot())
    }

    /// Paints the objects.
    ///
    /// - Parameters:
    ///   - coverage: What is in the picture, to which they are added: one at least.
    ///   - random: Where the choices come from.
    /// - Throws: ``SceneError`` with `drawingFailed` where memory runs out.
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

    /// A way to paint an object that sets it off from what is around it, or nil where none is found.
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

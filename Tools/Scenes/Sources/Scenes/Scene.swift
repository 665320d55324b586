public import Imaging

/// A picture of simple objects on a busy background, with exact annotations.
public struct Scene: Sendable {
    /// The picture.
    public let image: RGBImage
    /// One to twelve objects, from back to front.
    public let objects: [SceneObject]
    /// Quality for saving the picture as a JPEG, `40...95`.
    public let quality: Int

    /// Generates one scene of a series.
    ///
    /// - Parameters:
    ///   - seed: Seed of the series.
    ///   - number: Number of the scene in the series; the scene does not depend on any other.
    /// - Throws: ``SceneError`` with ``SceneError/Code/drawingFailed`` if memory runs out.
    public init(seed: UInt64, number: Int) throws(SceneError) {
        var random = SeededRandom(seed: seed, sequence: UInt64(bitPattern: Int64(number)))
        let longSide = random.integer(in: 240...640)
        let shortSide = Int((Double(longSide) * random.number(in: 0.5...1)).rounded(.up))
        let isWide = random.chance(0.6)
        let painting = Painting(width: isWide ? longSide : shortSide, height: isWide ? shortSide : longSide)

        random.element(of: Ground.allCases).paint(on: painting, using: &random)
        for clutter in Clutter.allCases where random.chance(0.45) {
            try clutter.paint(on: painting, using: &random)
        }
        var coverage = Coverage(width: painting.width, height: painting.height)
        if random.chance(0.5) { try Distractor.scatter(on: painting, &coverage, using: &random) }
        try ObjectPlacer(on: painting, using: &random).place(on: &coverage, using: &random)
        objects = coverage.objects
        image = try Camera(using: &random).picture(of: painting)
        quality = random.integer(in: 40...95)
    }

    /// Encodes the picture as a JPEG with its ``quality``.
    ///
    /// - Throws: ``SceneError`` with ``SceneError/Code/drawingFailed`` if memory runs out.
    public func jpeg() throws(SceneError) -> [UInt8] {
        do {
            return try image.encoded(as: .jpeg, quality: quality)
        } catch {
            throw SceneError(.drawingFailed, error.message, cause: error)
        }
    }
}

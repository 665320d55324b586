public import Imaging

/// A picture of simple objects on a busy background, of which it is known exactly where they are.
public struct Scene: Sendable {
    /// The picture.
    public let image: RGBImage
    /// One to twelve objects, from the hindmost to the foremost.
    public let objects: [SceneObject]
    /// Quality that the picture is to be saved with as a JPEG, `40...95`.
    public let quality: Int

    /// Makes one scene of many.
    ///
    /// - Parameters:
    ///   - seed: Names a series of scenes.
    ///   - number: Names one scene of the series, which does not depend on any other.
    /// - Throws: ``SceneError`` with ``SceneError/Code/drawingFailed`` where memory runs out.
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

    /// The picture as a JPEG.
    ///
    /// - Throws: ``SceneError`` with ``SceneError/Code/drawingFailed`` where memory runs out.
    public func jpeg() throws(SceneError) -> [UInt8] {
        do {
            return try image.encoded(as: .jpeg, quality: quality)
        } catch {
            throw SceneError(.drawingFailed, error.message, cause: error)
        }
    }
}

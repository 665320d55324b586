internal import Glibc
package import Imaging
package import ObjectDetection

/// Decides which pictures of a fixed camera go to the network: those in which something moves, and now and then another.
///
/// The mean brightness of each cell of a grid, 80 cells wide, is compared with a background that is learned: its mean, and
/// how much it usually differs, which grows where something always changes, such as a clock in the picture. What comes to
/// rest becomes background. A single cell that moves is noise. When everything changes at once, as when a light is switched
/// on, the background is learned anew.
package struct MotionGate: Sendable {
    /// What to do with a picture.
    package enum Decision: Equatable, Sendable {
        case detect
        case skip
    }

    /// Seconds after which a still picture is detected in, too, for what came without being noticed.
    private static let maximumGap = 3.0
    /// Seconds for which pictures are still detected in after the last motion.
    private static let hold = 0.5
    private static let columns = 80
    /// Differences in brightness, in `0...255`, that are noise everywhere.
    private static let minimumDifference: Float = 6
    /// How much more than usual a moving cell differs.
    private static let deviations: Float = 4
    /// Time in seconds in which the background follows a still cell, and a moving one.
    private static let (stillSeconds, movingSeconds) = (2.0, 8.0)
    /// Seconds after which what differs from the background without changing is at rest: longer than a clock's.
    private static let restSeconds = 1.25
    /// Time in seconds in which a cell that always moves becomes a usual one.
    private static let restlessSeconds = 30.0
    /// Share of moving cells from which everything has changed.
    private static let everything = 0.6

    private var width = 0
    private var rows = 0
    private var side = 0
    private var means: [Float] = []
    private var usual: [Float] = []
    private var isMoving: [Bool] = []
    /// The brightness of each cell when it last changed, and the seconds since then.
    private var lastChanges: [(brightness: Float, age: Double)] = []
    /// Whether each cell's motion counts.
    private var counts: [Bool] = []
    private var time: Double?
    private var lastMotion = -Double.infinity
    private var lastDetection = -Double.infinity
    /// Pictures that were skipped.
    package private(set) var skipped = 0
    /// What moved in the last picture, in pixels of the full picture; nil for nothing.
    package private(set) var motion: BoundingBox?

    /// Areas in which motion does not count, in pixels of the full picture.
    private let ignored: @Sendable (_ width: Int, _ height: Int) -> [Region]

    /// - Parameter ignored: Returns the areas in which motion does not count, in pixels of a picture of the given size.
    package init(ignoring ignored: @escaping @Sendable (_ width: Int, _ height: Int) -> [Region] = { _, _ in [] }) {
        self.ignored = ignored
    }

    /// Decides about the next picture.
    ///
    /// - Parameters:
    ///   - picture: The picture.
    ///   - time: Its time in seconds.
    /// - Returns: Whether to detect objects in it.
    package mutating func decide(on picture: ReducedImage, at time: Double) -> Decision {
        let elapsed = self.time.map { time - $0 } ?? 0
        self.time = time
        compare(picture, elapsed: elapsed)
        // A clock that was set back.
        if elapsed < 0 { (lastMotion, lastDetection) = (-.infinity, -.infinity) }
        if motion != nil { lastMotion = time }
        guard time - lastMotion <= Self.hold || time - lastDetection >= Self.maximumGap else {
            skipped += 1
            return .skip
        }
        lastDetection = time
        return .detect
    }

    /// Compares the picture with the background, and learns from it.
    private mutating func compare(_ picture: ReducedImage, elapsed: Double) {
        let pixels = picture.pixels
        let side = max(1, (pixels.width + Self.columns - 1) / Self.columns)
        let (columns, rows) = ((pixels.width + side - 1) / side, (pixels.height + side - 1) / side)
        let brightness = Self.brightness(of: pixels, side: side, columns: columns, rows: rows)
        guard (width, self.rows, self.side) == (columns, rows, side) else {
            (width, self.rows, self.side) = (columns, rows, side)
            learn(brightness)
            counts = cells(of: picture)
            motion = BoundingBox(minX: 0, minY: 0, maxX: Float(picture.width), maxY: Float(picture.height))
            return
        }
        let (still, moving) = (Self.share(elapsed, of: Self.stillSeconds), Self.share(elapsed, of: Self.movingSeconds))
        let restless = Self.share(elapsed, of: Self.restlessSeconds)
        for index in brightness.indices {
            let difference = brightness[index] - means[index]
            let amount = abs(difference)
            let limit = max(Self.minimumDifference, Self.deviations * usual[index])
            isMoving[index] = amount > limit
            guard isMoving[index] else {
                means[index] += still * difference
                usual[index] += still * (amount - usual[index])
                lastChanges[index] = (means[index], 0)
                continue
            }
            let isChanged = abs(brightness[index] - lastChanges[index].brightness) > limit
            if isChanged { lastChanges[index] = (brightness[index], 0) } else { lastChanges[index].age += elapsed }
            if lastChanges[index].age < Self.restSeconds {
                means[index] += moving * difference
                usual[index] += restless * (amount - usual[index])
            } else {
                isMoving[index] = false
                means[index] = brightness[index]
            }
        }
        let cells = brightness.indices.filter { isMoving[$0] && counts[$0] && hasMovingNeighbor($0) }
        if Double(cells.count) > Self.everything * Double(brightness.count) { learn(brightness) }
        motion = region(of: cells, in: picture)
    }

    private mutating func learn(_ brightness: [Float]) {
        means = brightness
        usual = [Float](repeating: 1, count: brightness.count)
        isMoving = [Bool](repeating: false, count: brightness.count)
        lastChanges = brightness.map { ($0, 0) }
    }

    /// Whether the motion of each cell counts: not if its middle is in an ignored area.
    private func cells(of picture: ReducedImage) -> [Bool] {
        let areas = ignored(picture.width, picture.height)
        let scale = Double(side * picture.reduction)
        return (0..<width * rows).map { index in
            let (x, y) = ((Double(index % width) + 0.5) * scale, (Double(index / width) + 0.5) * scale)
            return !areas.contains { $0.contains(x: x, y: y) }
        }
    }

    private func hasMovingNeighbor(_ index: Int) -> Bool {
        let (column, row) = (index % width, index / width)
        for y in max(0, row - 1)...min(rows - 1, row + 1) {
            for x in max(0, column - 1)...min(width - 1, column + 1)
            where (x, y) != (column, row) && isMoving[y * width + x] && counts[y * width + x] { return true }
        }
        return false
    }

    private func region(of cells: [Int], in picture: ReducedImage) -> BoundingBox? {
        guard !cells.isEmpty else { return nil }
        let (columns, rows) = (cells.map { $0 % width }, cells.map { $0 / width })
        let scale = Float(side * picture.reduction)
        return BoundingBox(
            minX: Float(columns.min() ?? 0) * scale,
            minY: Float(rows.min() ?? 0) * scale,
            maxX: Float((columns.max() ?? 0) + 1) * scale,
            maxY: Float((rows.max() ?? 0) + 1) * scale
        ).clipped(toWidth: Float(picture.width), height: Float(picture.height))
    }

    /// How far the background follows in a time.
    private static func share(_ elapsed: Double, of seconds: Double) -> Float {
        Float(1 - exp(-max(0, min(elapsed, 10)) / seconds))
    }

    /// The mean brightness of each cell, from a quarter of its pixels.
    private static func brightness(of image: RGBImage, side: Int, columns: Int, rows: Int) -> [Float] {
        var sums = [UInt32](repeating: 0, count: columns * rows)
        var counts = [UInt32](repeating: 0, count: columns * rows)
        image.withUnsafePixels { pixels in
            for y in stride(from: 0, to: image.height, by: 2) {
                let row = y * image.width
                let cells = y / side * columns
                for column in 0..<columns {
                    let (start, end) = (column * side, min(image.width, (column + 1) * side))
                    var sum: UInt32 = 0
                    var x = start
                    while x < end {
                        let pixel = 3 &* (row &+ x)
                        sum &+= UInt32(pixels[pixel]) &+ 2 &* UInt32(pixels[pixel &+ 1]) &+ UInt32(pixels[pixel &+ 2])
                        x &+= 2
                    }
                    sums[cells + column] &+= sum
                    counts[cells + column] &+= UInt32((end - start + 1) / 2)
                }
            }
        }
        return sums.indices.map { Float(sums[$0]) / Float(4 * max(1, counts[$0])) }
    }
}

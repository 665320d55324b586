package import JSONSchema
package import ObjectDetection

/// An area of a picture, in its pixels or as shares of its width and height.
package struct PictureArea: Hashable, Sendable {
    package var region: Region
    package var isRelative: Bool

    /// The region in pixels of a picture of the given size.
    func region(width: Int, height: Int) -> Region {
        isRelative ? region.transformed(x: Double(width), y: Double(height)) : region
    }
}

/// Named areas that detections are assigned to.
package struct Zones: Hashable, Sendable {
    /// What has to be in a zone for a detection to be.
    package enum Anchor: Hashable, Sendable {
        /// The middle of the box's lower edge, where a person or car stands.
        case foot
        case center
        /// This share of the box's area.
        case share(Double)
    }

    package struct Zone: Hashable, Sendable {
        package var name: String
        package var area: PictureArea
    }

    /// The zones, sorted by name.
    package var zones: [Zone]
    package var anchor: Anchor

    /// Finds the zones of each detection in a picture of the given size in pixels.
    ///
    /// - Returns: For each detection, the names of its zones.
    /// - Throws: `CancellationError`.
    package func names(for detections: [Detection], width: Int, height: Int) throws -> [[String]] {
        let regions = zip(zones.map(\.name), regions(width: width, height: height))
        return try detections.map { detection in
            // Shares of many boxes in areas with many corners take a while.
            try Task.checkCancellation()
            return regions.filter { isInside(detection.box, $1) }.map { name, _ in name }
        }
    }

    /// The zones in pixels of a picture of the given size.
    package func regions(width: Int, height: Int) -> [Region] {
        zones.map { $0.area.region(width: width, height: height) }
    }

    private func isInside(_ box: BoundingBox, _ region: Region) -> Bool {
        let middle = (Double(box.minX) + Double(box.maxX)) / 2
        switch anchor {
        case .foot: return region.contains(x: middle, y: Double(box.maxY))
        case .center: return region.contains(x: middle, y: (Double(box.minY) + Double(box.maxY)) / 2)
        // The area is a sum, which may be a little less than the box's own.
        case .share(let share): return region.share(of: box) >= share - 1e-9
        }
    }
}

extension Region.Point {
    /// Reads a point [x, y]; nil if the value is something else.
    package init?(_ value: JSONValue) {
        guard case .array(let pair) = value, pair.count == 2, case .number(let x) = pair[0],
            case .number(let y) = pair[1]
        else { return nil }
        self.init(x: x, y: y)
    }

    /// Whether points that belong together are shares of a picture's width and height, rather than in its pixels.
    package static func areShares(_ points: some Sequence<Region.Point>) -> Bool {
        points.allSatisfy { (0...1).contains($0.x) && (0...1).contains($0.y) }
    }
}

extension PictureArea {
    /// Maximum number of points of all areas of a request.
    static let maximumPoints = 200

    private static let polygonSchema = Schema.array(
        of: .array(of: .number(-100_000...100_000), count: 2...2),
        count: 3...100
    )

    /// An outline, or several: those inside others are holes.
    static let schema = Schema.anyOf([polygonSchema, .array(of: polygonSchema, count: 1...20)])
        .worded("a list of 3 to 100 corners [x, y], or a list of such lists")

    /// Reads an area that was validated against ``schema``.
    ///
    /// - Throws: `ValidationErrors` for one without an area, or with outlines that cross too often.
    init(_ value: JSONValue, at location: [String]) throws(ValidationErrors) {
        let outlines = Self.outlines(of: value)
        guard let region = Region(outlines: outlines) else {
            let message = "crosses itself too often: at most \(Region.maximumCrossings) times are allowed"
            throw ValidationErrors(at: location, message, type: "not_allowed")
        }
        self.region = region
        isRelative = Region.Point.areShares(outlines.joined())
        guard region.area > 0 else {
            throw ValidationErrors(at: location, "has no area", type: "not_allowed")
        }
    }

    /// Number of points of an area that was validated against ``schema``.
    static func pointCount(of value: JSONValue) -> Int { outlines(of: value).joined().count }

    private static func outlines(of value: JSONValue) -> [[Region.Point]] {
        let outline = polygon(value)
        if outline.isEmpty, case .array(let values) = value { return values.flatMap(polygon) }
        return outline
    }

    /// The polygon that the value is, as a list; empty if it is a list of them.
    private static func polygon(_ value: JSONValue) -> [[Region.Point]] {
        guard case .array(let values) = value else { return [] }
        let points = values.compactMap { Region.Point($0) }
        return points.isEmpty ? [] : [points]
    }
}

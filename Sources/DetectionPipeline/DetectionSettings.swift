internal import Basics
package import JSONSchema
package import ObjectDetection
package import YOLO

/// Format of masks.
package enum MaskForm: String, CaseIterable, Sendable {
    /// Polygons in pixels of the picture.
    case polygon
    /// COCO's compressed run lengths.
    case rle
    /// No masks.
    case none
}

/// The options of a detection, validated for one model.
///
/// ``DetectionFields`` declares them.
package struct DetectionSettings: Sendable {
    /// What the detector keeps.
    package var options: DetectionOptions
    package var masks: MaskForm
    /// Maximum deviation of simplified polygons in pixels; 0 is exact.
    package var polygonTolerance: Double
    package var filter = DetectionFilter()
    /// Margin around boxes in their own pictures, as a share of their sides; nil for no pictures.
    package var cropMargin: Double?
    /// What has to be in a zone.
    package var anchor = Zones.Anchor.foot
    /// Zones that detections are assigned to; nil for none.
    package var zones: Zones?
    /// Areas that the network does not see.
    package var ignored: [PictureArea] = []
    /// Slices of the picture to detect in, besides the whole; nil for none.
    package var slices: Slices?

    /// The defaults.
    package init() {
        options = DetectionOptions()
        masks = .polygon
        polygonTolerance = 0
    }

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - values: Values that were validated against ``DetectionFields``.
    ///   - model: Resolves class names.
    ///   - location: Start of the locations of errors, such as `query`.
    /// - Throws: `ValidationErrors` for a class that the model does not have, or a size that its input cannot have,
    ///   an area without an area, or too many points.
    package init(_ values: Values, for model: ModelDescription, at location: String) throws(ValidationErrors) {
        var options = DetectionOptions()
        options.inputSide = try Self.inputSide(values, of: model, at: location)
        if let confidence = values.number(DetectionFields.confidence.name) {
            options.confidenceThreshold = Float(confidence)
        }
        for (name, value) in values.object(DetectionFields.confidence.name)?.all ?? [:] {
            guard case .number(let confidence) = value else { continue }
            guard name != DetectionFields.others else {
                options.confidenceThreshold = Float(confidence)
                continue
            }
            let id = try Self.classID(.string(name), of: model, in: DetectionFields.confidence, at: location)
            guard options.classThresholds.updateValue(Float(confidence), forKey: id) == nil else {
                throw ValidationErrors(
                    at: [location, DetectionFields.confidence.name, name.printable(limit: 64)],
                    "is the same class as another name",
                    type: "duplicate"
                )
            }
        }
        if let iou = values.number(DetectionFields.iou.name) { options.iouThreshold = Float(iou) }
        if let maximum = values.integer(DetectionFields.maxDetections.name) { options.maximumDetections = maximum }
        options.classAgnostic = values.bool(DetectionFields.agnosticNMS.name) ?? false
        options.multiLabel = values.bool(DetectionFields.multiLabel.name) ?? false
        masks = values.string(DetectionFields.masks.name).flatMap(MaskForm.init) ?? .polygon
        options.masks = masks != .none
        if let classes = values.array(DetectionFields.classes.name) {
            var ids: Set<Int> = []
            for value in classes {
                ids.insert(try Self.classID(value, of: model, in: DetectionFields.classes, at: location))
            }
            options.classes = ids
        }
        self.options = options
        polygonTolerance = values.number(DetectionFields.polygonTolerance.name) ?? 0
        if values.string(DetectionFields.slices.name) == "auto" {
            slices = Slices()
        } else if let given = values.object(DetectionFields.slices.name) {
            slices = Slices(size: given.integer("size"), overlap: given.number("overlap") ?? 0.2)
        }
        if values.bool(DetectionFields.crops.name) == true {
            cropMargin = Self.cropMargin(values)
        }
        try readAreas(values, at: location)
        filter.minimumArea = values.number(DetectionFields.minArea.name).map(DetectionFilter.Area.init)
        filter.maximumArea = values.number(DetectionFields.maxArea.name).map(DetectionFilter.Area.init)
        filter.minimumRatio = values.number(DetectionFields.minRatio.name).map { Float($0) }
        filter.maximumRatio = values.number(DetectionFields.maxRatio.name).map { Float($0) }
    }

    /// The margin of detections' pictures, as a share of their boxes' sides.
    package static func cropMargin(_ values: Values) -> Double {
        values.number(DetectionFields.cropMargin.name) ?? 0.1
    }

    private mutating func readAreas(_ values: Values, at location: String) throws(ValidationErrors) {
        let field = DetectionFields.zones.name
        let given = Array((values.object(field)?.all ?? [:]).values) + (values.array(DetectionFields.ignore.name) ?? [])
        let points = given.reduce(0) { $0 + PictureArea.pointCount(of: $1) }
        guard points <= PictureArea.maximumPoints else {
            throw ValidationErrors(
                at: [location, field],
                "and ignore have \(points) points; at most \(PictureArea.maximumPoints) are allowed",
                type: "wrong_length"
            )
        }
        var zones: [Zones.Zone] = []
        for (name, value) in (values.object(field)?.all ?? [:]).sorted(by: { $0.key < $1.key }) {
            let area = try PictureArea(value, at: [location, field, name.printable(limit: 64)])
            zones.append(Zones.Zone(name: name, area: area))
        }
        for (index, value) in (values.array(DetectionFields.ignore.name) ?? []).enumerated() {
            ignored.append(try PictureArea(value, at: [location, DetectionFields.ignore.name, "\(index)"]))
        }
        let share = values.number(DetectionFields.zoneAnchor.name)
        let isCenter = values.string(DetectionFields.zoneAnchor.name) == "center"
        anchor = share.map { .share($0) } ?? (isCenter ? .center : .foot)
        if !zones.isEmpty { self.zones = Zones(zones: zones, anchor: anchor) }
        filter.isOnlyZones = values.string(DetectionFields.only.name) != nil
        if filter.isOnlyZones, zones.isEmpty {
            throw ValidationErrors(
                at: [location, DetectionFields.only.name],
                "needs zones: without any, it would drop everything",
                type: "missing"
            )
        }
    }

    /// The areas that are ignored, in pixels of a picture of the given size.
    package func ignored(width: Int, height: Int) -> [Region] {
        ignored.map { $0.region(width: width, height: height) }
    }

    /// What the detector is asked for, in a picture of the given size in pixels.
    ///
    /// That is more than the maximum, if some of it is dropped afterwards.
    func detectorOptions(width: Int, height: Int) -> DetectionOptions {
        var options = options
        options.ignored = ignored(width: width, height: height)
        if !filter.isOpen { options.maximumDetections = Self.maximumBeforeFilter }
        return options
    }

    static let maximumBeforeFilter = 1000

    /// Drops the detections that were not asked for, in a picture of the given size in pixels.
    ///
    /// - Returns: The indices of the others, and for each the names of its zones; nil without zones.
    /// - Throws: `CancellationError`.
    func select(
        _ detections: [Detection],
        width: Int,
        height: Int
    ) throws -> (indices: [Int], zones: [[String]]?) {
        var kept = Array(detections.indices)
        if !filter.isOpen { kept.removeAll { !filter.keeps(detections[$0], width: width, height: height) } }
        var names = try zones?.names(for: kept.map { detections[$0] }, width: width, height: height)
        if filter.isOnlyZones {
            let inside = kept.indices.filter { names?[$0].isEmpty == false }
            kept = inside.map { kept[$0] }
            names = names.map { names in inside.map { names[$0] } }
        }
        let count = options.maximumDetections
        return (Array(kept.prefix(count)), names.map { Array($0.prefix(count)) })
    }

    /// Reads the size of the input, and rounds it up to what the network takes.
    private static func inputSide(
        _ values: Values,
        of model: ModelDescription,
        at location: String
    ) throws(ValidationErrors) -> Int? {
        guard let size = values.integer(DetectionFields.size.name) else { return nil }
        guard let stride = model.stride else {
            throw ValidationErrors(
                at: [location, DetectionFields.size.name],
                "cannot be chosen for \(model.name), whose input is fixed to \(model.inputSide) pixels; leave it out, or "
                    + "export the model with a dynamic input",
                type: "not_supported"
            )
        }
        return (size + stride - 1) / stride * stride
    }

    private static func classID(
        _ value: JSONValue,
        of model: ModelDescription,
        in field: Field,
        at location: String
    ) throws(ValidationErrors) -> Int {
        let given: String
        switch value {
        case .number(let number) where Int(number) < model.labels.count: return Int(number)
        case .number(let number): given = "\(Int(number))"
        case .string(let name):
            if let id = model.labels.classID(named: name) { return id }
            given = name.printable()
        default: given = "a \(value.typeName)"
        }
        throw ValidationErrors(
            at: [location, field.name],
            "names \(given), which is not a class of \(model.name); GET /models and `osprey models inspect` list its "
                + "\(model.labels.count) classes",
            type: "unknown_class"
        )
    }
}

internal import FoundationEssentials
package import JSONSchema
package import ObjectDetection
package import Tracking

/// The detections of a picture as they are written, converted one at a time because polygons are large.
package struct DetectedObjects: Sequence, JSONRepresentable {
    private let detections: [Detection]
    private let labels: LabelMap
    private let zones: [[String]]?
    private let tracks: (ofEach: [Tracker.Track?], time: Double)?
    private let crops: Crops?
    private let masks: MaskForm
    private let polygonTolerance: Double

    /// - Parameters:
    ///   - detections: The detections, best first.
    ///   - labels: The model's class names.
    ///   - zones: For each, the names of its zones; nil if none were given.
    ///   - tracks: For each, the object that it is, and the time of the picture in seconds; nil if none are followed.
    ///   - crops: Makes their pictures; nil for none.
    ///   - masks: Format of their masks.
    ///   - polygonTolerance: Maximum deviation of simplified polygons in pixels.
    package init(
        _ detections: [Detection],
        labels: LabelMap,
        zones: [[String]]? = nil,
        tracks: (ofEach: [Tracker.Track?], time: Double)? = nil,
        crops: Crops? = nil,
        masks: MaskForm = .polygon,
        polygonTolerance: Double = 0
    ) {
        self.detections = detections
        self.labels = labels
        self.zones = zones
        self.tracks = tracks
        self.crops = crops
        self.masks = masks
        self.polygonTolerance = polygonTolerance
    }

    package func makeIterator() -> AnyIterator<DetectedObject> {
        var rest = detections.enumerated().makeIterator()
        return AnyIterator {
            // Outlines of hundreds of masks in a huge picture take a while.
            guard !Task.isCancelled else { return nil }
            return rest.next().map { index, detection in object(detection, at: index) }
        }
    }

    private func object(_ detection: Detection, at index: Int) -> DetectedObject {
        var object = DetectedObject(
            detection,
            label: labels[detection.classID],
            masks: masks,
            tolerance: polygonTolerance
        )
        object.zones = zones?[index]
        if let tracks, let track = tracks.ofEach[index] { object.follow(track, to: tracks.time) }
        return object
    }

    package static var schema: Schema { .array(of: DetectedObject.schema) }
    package func write(to json: inout JSONWriter) throws {
        // Pictures of objects are made as they are written, so that the limit of the text bounds their memory, too.
        var failure: (any Error)?
        var rest = detections.enumerated().makeIterator()
        let objects = AnyIterator<DetectedObject> {
            do {
                try Task.checkCancellation()
                guard let (index, detection) = rest.next() else { return nil }
                var object = object(detection, at: index)
                object.crop = try crops.map { Data(try $0.jpeg(of: detection)).base64EncodedString() }
                return object
            } catch {
                failure = error
                return nil
            }
        }
        try json.array(of: objects)
        if let failure { throw failure }
    }
}

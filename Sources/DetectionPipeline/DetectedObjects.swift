package import JSONSchema
package import ObjectDetection

/// The detections of a picture as they are written, converted one at a time because polygons are large.
package struct DetectedObjects: Sequence, JSONRepresentable {
    private let detections: [Detection]
    private let labels: LabelMap
    private let masks: MaskForm
    private let polygonTolerance: Double

    package init(
        _ detections: [Detection],
        labels: LabelMap,
        masks: MaskForm = .polygon,
        polygonTolerance: Double = 0
    ) {
        self.detections = detections
        self.labels = labels
        self.masks = masks
        self.polygonTolerance = polygonTolerance
    }

    package func makeIterator() -> AnyIterator<DetectedObject> {
        var rest = detections.makeIterator()
        return AnyIterator {
            // Outlines of hundreds of masks in a huge picture take a while.
            guard !Task.isCancelled else { return nil }
            return rest.next().map { detection in
                DetectedObject(
                    detection,
                    label: labels[detection.classID],
                    masks: masks,
                    tolerance: polygonTolerance
                )
            }
        }
    }

    package static var schema: Schema { .array(of: DetectedObject.schema) }
    package func write(to json: inout JSONWriter) throws {
        try json.array(of: self)
        try Task.checkCancellation()
    }
}

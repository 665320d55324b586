internal import DetectionPipeline
package import ObjectDetection

/// The boxes of a video's objects at any time, from the results of some of its pictures.
///
/// Between two results, boxes move along a line. Each end of the line is a weighted mean of the boxes around it, so that
/// boxes do not tremble with the detections.
package struct SmoothBoxes {
    /// An object to draw.
    package struct Object: Equatable {
        package var detection: Detection
        /// Number of the object; nil if it is not followed.
        package var track: Int?
    }

    /// Weights of the results before, at and after a picture.
    private static let weights: [Float] = [1, 2, 3, 2, 1]
    private static let reach = 2

    private let next: () throws -> PictureRecord?
    /// Results around the current one, oldest first.
    private var window: [PictureRecord] = []
    /// Index of the last result that is not later than the time.
    private var current = 0
    private var isComplete = false

    /// - Parameter next: Returns the next result, in the order of their times; nil after the last one.
    package init(_ next: @escaping () throws -> PictureRecord?) {
        self.next = next
    }

    /// Returns the objects at a time, which is not earlier than that of the call before.
    ///
    /// - Parameter time: In seconds.
    /// - Returns: The objects, in pixels.
    /// - Throws: Errors of reading the results.
    package mutating func objects(at time: Double) throws -> [Object] {
        try fill()
        while current + 1 < window.count, self.time(current + 1) <= time {
            current += 1
            try fill()
        }
        guard current < window.count else { return [] }
        guard current + 1 < window.count, time > self.time(current) else { return ends(at: current) }
        let share = Float((time - self.time(current)) / (self.time(current + 1) - self.time(current)))
        let (from, to) = (ends(at: current), ends(at: current + 1))
        let targets = Dictionary(
            to.compactMap { object in object.track.map { ($0, object) } },
            uniquingKeysWith: { first, _ in first }
        )
        // An object that has no other end is drawn until the middle.
        let known = Set(from.compactMap(\.track))
        let leaving = from.compactMap { object -> Object? in
            guard let track = object.track, let target = targets[track] else { return share < 0.5 ? object : nil }
            var moved = object
            moved.detection.box = object.detection.box.moved(by: share, to: target.detection.box)
            return moved
        }
        let arriving = share < 0.5 ? [] : to.filter { $0.track.map { !known.contains($0) } ?? true }
        return leaving + arriving
    }

    private func time(_ index: Int) -> Double { window[index].time ?? 0 }

    /// Keeps as many results as are needed around the current one.
    private mutating func fill() throws {
        while !isComplete, window.count <= current + 1 + Self.reach {
            guard let record = try next() else {
                isComplete = true
                break
            }
            window.append(record)
        }
        let surplus = current - Self.reach
        if surplus > 0 {
            window.removeFirst(surplus)
            current -= surplus
        }
    }

    /// The objects of a result, with smoothed boxes.
    private func ends(at index: Int) -> [Object] {
        window[index].objects.map { object in
            var detection = object.detection
            if let track = object.track { detection.box = smoothed(track, at: index) ?? detection.box }
            return Object(detection: detection, track: object.track)
        }
    }

    private func smoothed(_ track: Int, at index: Int) -> BoundingBox? {
        func box(_ offset: Int) -> BoundingBox? {
            guard window.indices.contains(index + offset) else { return nil }
            return window[index + offset].objects.first { $0.track == track }?.detection.box
        }
        // As many before as after, or the mean would lag behind.
        var boxes = box(0).map { [($0, Self.weights[Self.reach])] } ?? []
        for distance in 1...Self.reach {
            guard let before = box(-distance), let after = box(distance) else { break }
            boxes += [(before, Self.weights[Self.reach - distance]), (after, Self.weights[Self.reach + distance])]
        }
        let total = boxes.reduce(0) { $0 + $1.1 }
        guard total > 0 else { return nil }
        func mean(_ edge: KeyPath<BoundingBox, Float>) -> Float {
            boxes.reduce(0) { $0 + $1.0[keyPath: edge] * $1.1 } / total
        }
        return BoundingBox(minX: mean(\.minX), minY: mean(\.minY), maxX: mean(\.maxX), maxY: mean(\.maxY))
    }
}

extension BoundingBox {
    /// A box between this and another one.
    fileprivate func moved(by share: Float, to other: BoundingBox) -> BoundingBox {
        func between(_ edge: KeyPath<BoundingBox, Float>) -> Float {
            self[keyPath: edge] + share * (other[keyPath: edge] - self[keyPath: edge])
        }
        return BoundingBox(
            minX: between(\.minX),
            minY: between(\.minY),
            maxX: between(\.maxX),
            maxY: between(\.maxY)
        )
    }
}

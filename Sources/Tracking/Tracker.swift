package import ObjectDetection

/// Follows objects from picture to picture of one source, and numbers them.
///
/// ByteTrack: strong detections are paired with the tracks that they overlap most; then weak ones with the tracks that
/// are left, because an object that is half hidden scores low but seldom jumps. Classes play no role: networks take the same
/// truck for a car now and then. A track is confirmed by its second
/// detection, in the first picture by its first, and is kept for a while after its last. Numbers start at 1 and are not
/// used again; the same detections always get the same numbers.
/// - SeeAlso: Y. Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", 2022.
package struct Tracker: Sendable {
    /// A detection of an object that is followed.
    package struct Track: Hashable, Sendable {
        /// Number of the object, from 1.
        package var id: Int
        /// Index of the detection.
        package var detection: Int
        /// Time of its first detection in seconds.
        package var firstTime: Double
        /// The estimated box, which moves more smoothly than the detections.
        package var box: BoundingBox
        /// Velocity of the box's centre in pixels per second.
        package var velocityX: Double
        /// Velocity of the box's centre in pixels per second.
        package var velocityY: Double

        /// Speed of the box's centre in pixels per second.
        package var speed: Double { (velocityX * velocityX + velocityY * velocityY).squareRoot() }
    }

    private enum State {
        case new
        case seen
        case lost
    }

    private struct Candidate {
        /// 0 until it is confirmed.
        var id = 0
        var state = State.new
        var motion: BoxMotion
        let firstTime: Double
        var lastTime: Double
    }

    /// Maximum cost of a strong detection for a track: 1 minus overlap (IoU) times score.
    private static let maximumCost = 0.8
    /// The same for a weak detection, whose score does not count.
    private static let maximumWeakCost = 0.5
    /// The same for a track that is not confirmed yet.
    private static let maximumNewCost = 0.7
    /// Overlap (IoU) with a followed detection from which another one begins no track: it is the same object.
    private static let sameObjectOverlap: Float = 0.6

    private let settings: TrackingSettings
    private var candidates: [Candidate] = []
    private var time: Double?
    private var lastID = 0

    package init(_ settings: TrackingSettings) {
        self.settings = settings
    }

    /// Follows the objects to the next picture.
    ///
    /// - Parameters:
    ///   - detections: The detections in it, in pixels.
    ///   - time: Its time in seconds. A clock that is set back does no harm: the picture counts as the next one.
    /// - Returns: The confirmed tracks among the detections, by their numbers.
    package mutating func advance(_ detections: [Detection], to time: Double) -> [Track] {
        let isFirst = self.time == nil
        let steps = steps(to: time)
        self.time = time
        for index in candidates.indices {
            candidates[index].motion.predict(steps: steps, isSeen: candidates[index].state == .seen)
        }
        let pairs = pairs(with: detections)
        var kept: [Candidate] = []
        var tracks: [Track] = []
        for (index, candidate) in candidates.enumerated() {
            var candidate = candidate
            guard let detection = pairs.detectionOf[index] else {
                // A clock that was set back would keep it for long.
                let age = abs(time - candidate.lastTime)
                guard candidate.state != .new, age <= settings.maximumLostSeconds else { continue }
                candidate.state = .lost
                kept.append(candidate)
                continue
            }
            candidate.motion.correct(detections[detection].box)
            candidate.state = .seen
            candidate.lastTime = time
            if candidate.id == 0 { candidate.id = nextID() }
            kept.append(candidate)
            tracks.append(track(candidate, detection))
        }
        var followed = pairs.detectionOf.values.map { detections[$0].box }
        for index in pairs.rest where settings.beginsTrack(detections[index]) {
            let box = detections[index].box
            guard !followed.contains(where: { $0.intersectionOverUnion(with: box) > Self.sameObjectOverlap }) else {
                continue
            }
            followed.append(box)
            var candidate = Candidate(motion: BoxMotion(box), firstTime: time, lastTime: time)
            if isFirst {
                candidate.state = .seen
                candidate.id = nextID()
                tracks.append(track(candidate, index))
            }
            kept.append(candidate)
        }
        candidates = kept
        return tracks.sorted { $0.id < $1.id }
    }

    /// Keeps all objects where they are, because nothing moves.
    ///
    /// - Parameter time: Time in seconds.
    package mutating func rest(to time: Double) {
        self.time = time
        for index in candidates.indices where candidates[index].state == .seen {
            candidates[index].motion.stop()
            candidates[index].lastTime = time
        }
    }

    /// The numbers of the objects that may appear again.
    package var living: Set<Int> { Set(candidates.map(\.id)).subtracting([0]) }

    /// How many pictures later a time is.
    private func steps(to time: Double) -> Double {
        guard let last = self.time else { return 0 }
        let steps = (time - last) * settings.rate
        return steps > 0 ? min(steps, settings.maximumLostSeconds * settings.rate) : 1
    }

    /// Pairs detections with candidates.
    ///
    /// - Returns: For each paired candidate its detection, and the strong detections that are left.
    private func pairs(with detections: [Detection]) -> (detectionOf: [Int: Int], rest: [Int]) {
        var detectionOf: [Int: Int] = [:]
        func pair(_ tracks: [Int], _ found: [Int], limit: Double, weighsScore: Bool) -> [Int] {
            let boxes = tracks.map { candidates[$0].motion.box }
            let columns = assignment(rows: tracks.count, columns: found.count, limit: limit) { row, column in
                let detection = detections[found[column]]
                let overlap = Double(boxes[row].intersectionOverUnion(with: detection.box))
                return 1 - overlap * (weighsScore ? Double(detection.score) : 1)
            }
            for (row, column) in columns.enumerated() { if let column { detectionOf[tracks[row]] = found[column] } }
            let taken = Set(columns.compactMap(\.self))
            return found.indices.filter { !taken.contains($0) }.map { found[$0] }
        }
        let strong = detections.indices.filter { settings.isStrong(detections[$0]) }
        let weak = detections.indices.filter { index in
            !settings.isStrong(detections[index]) && detections[index].score > TrackingSettings.weakScore
        }
        let confirmed = candidates.indices.filter { candidates[$0].state != .new }
        var rest = pair(confirmed, strong, limit: Self.maximumCost, weighsScore: true)
        let left = confirmed.filter { detectionOf[$0] == nil && candidates[$0].state == .seen }
        _ = pair(left, weak, limit: Self.maximumWeakCost, weighsScore: false)
        let new = candidates.indices.filter { candidates[$0].state == .new }
        rest = pair(new, rest, limit: Self.maximumNewCost, weighsScore: true)
        return (detectionOf, rest)
    }

    private mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }

    private func track(_ candidate: Candidate, _ detection: Int) -> Track {
        Track(
            id: candidate.id,
            detection: detection,
            firstTime: candidate.firstTime,
            box: candidate.motion.box,
            velocityX: candidate.motion.velocity.x * settings.rate,
            velocityY: candidate.motion.velocity.y * settings.rate
        )
    }
}

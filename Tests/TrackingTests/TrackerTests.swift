import Foundation
import ObjectDetection
import TestSupport
import Testing
import Tracking

/// Values of the supervision package and scipy, by Tools/Goldens/tracking_golden.py.
private struct Reference: Decodable {
    struct Assignment: Decodable {
        var costs: [[Double]]
        var least: Double
    }

    struct Step: Decodable {
        /// Centre, aspect ratio, height, and the centre's velocity.
        var estimate: [Double]
        /// Centre, aspect ratio and height; nil while it is hidden.
        var measured: [Double]?
    }

    struct Object: Decodable {
        var box: [Float]
        var id: Int?
        var score: Float
    }

    var assignments: [Assignment]
    var motion: [Step]
    var scene: [[Object]]

    static let all = Result {
        try JSONDecoder().decode(Reference.self, from: Data(contentsOf: Fixtures.url("tracking.json")))
    }
}

@Suite struct TrackerTests {
    private static func detection(_ x: Float, _ y: Float, _ score: Float = 0.9, classID: Int = 0) -> Detection {
        Detection(box: BoundingBox(minX: x, minY: y, maxX: x + 40, maxY: y + 80), score: score, classID: classID)
    }

    private static func tracker(rate: Double = 30) -> Tracker { Tracker(TrackingSettings(rate: rate)) }

    @Test("pairs have the least cost in all, and none costs more than the limit")
    func assignments() throws {
        for reference in try Reference.all.get().assignments {
            let costs = reference.costs
            func pairs(limit: Double) -> [(row: Int, column: Int)] {
                let found = assignment(rows: costs.count, columns: costs[0].count, limit: limit) { costs[$0][$1] }
                return found.enumerated().compactMap { row, column in column.map { (row, $0) } }
            }
            let all = pairs(limit: 2)
            #expect(all.count == min(costs.count, costs[0].count))
            #expect(Set(all.map(\.column)).count == all.count)
            #expect(abs(all.reduce(0) { $0 + costs[$1.row][$1.column] } - reference.least) < 1e-6)
            #expect(pairs(limit: 0.3).allSatisfy { costs[$0.row][$0.column] <= 0.3 })
        }
        #expect(assignment(rows: 0, columns: 3, limit: 1) { _, _ in 0 } == [])
        #expect(assignment(rows: 2, columns: 0, limit: 1) { _, _ in 0 } == [nil, nil])
    }

    @Test("a box's motion is estimated as by ByteTrack's Kalman filter")
    func motion() throws {
        let steps = try Reference.all.get().motion
        func box(_ values: [Double]) -> BoundingBox {
            BoundingBox(
                centerX: Float(values[0]),
                centerY: Float(values[1]),
                width: Float(values[2] * values[3]),
                height: Float(values[3])
            )
        }
        var motion = BoxMotion(box(try #require(steps[0].measured)))
        var wasSeen = true
        for step in steps.dropFirst() {
            motion.predict(steps: 1, isSeen: wasSeen)
            if let measured = step.measured { motion.correct(box(measured)) }
            wasSeen = step.measured != nil
            let expected = box(step.estimate)
            for edge in [\BoundingBox.minX, \.minY, \.maxX, \.maxY] {
                #expect(abs(motion.box[keyPath: edge] - expected[keyPath: edge]) < 0.01)
            }
            #expect(abs(motion.velocity.x - step.estimate[4]) < 0.001)
            #expect(abs(motion.velocity.y - step.estimate[5]) < 0.001)
        }
    }

    @Test("half the time between pictures twice comes to the same place as the whole time once")
    func steps() {
        var (once, twice) = (BoxMotion(Self.detection(0, 0).box), BoxMotion(Self.detection(0, 0).box))
        for index in 1...10 {
            once.predict(steps: 1, isSeen: true)
            twice.predict(steps: 0.5, isSeen: true)
            twice.predict(steps: 0.5, isSeen: true)
            let box = Self.detection(Float(8 * index), 0).box
            once.correct(box)
            twice.correct(box)
        }
        #expect(abs(once.box.minX - twice.box.minX) < 0.5)
        #expect(abs(once.velocity.x - twice.velocity.x) < 0.1)
    }

    @Test("objects get the same numbers as from supervision's ByteTrack, but for a few pictures")
    func scene() throws {
        var tracker = Self.tracker()
        var count = 0
        var same = 0
        var numbers: [Int: Int] = [:]
        for (index, objects) in try Reference.all.get().scene.enumerated() {
            let detections = objects.map { object in
                let edges = object.box
                return Detection(
                    box: BoundingBox(minX: edges[0], minY: edges[1], maxX: edges[2], maxY: edges[3]),
                    score: object.score,
                    classID: 0
                )
            }
            let tracks = tracker.advance(detections, to: Double(index) / 30)
            let found = Dictionary(uniqueKeysWithValues: tracks.map { ($0.detection, $0.id) })
            for (position, object) in objects.enumerated() {
                guard let id = object.id else { continue }
                count += 1
                let own = found[position]
                if let own, numbers[id] == nil { numbers[id] = own }
                if own != nil, own == numbers[id] { same += 1 }
            }
        }
        #expect(count > 1000)
        #expect(Set(numbers.values).count == numbers.count)
        // supervision starts a track without waiting for a second detection.
        #expect(Double(same) >= 0.98 * Double(count), "\(same) of \(count)")
    }

    @Test("an object keeps its number while it is weak, and for a second while it is hidden")
    func hidden() {
        var tracker = Self.tracker()
        var ids: [Int?] = []
        for index in 0..<60 {
            let position = Float(5 * index)
            let detections: [Detection] =
                switch index {
                case 10..<20: [Self.detection(position, 0, 0.15)]
                case 25..<50: []
                default: [Self.detection(position, 0)]
                }
            ids.append(tracker.advance(detections, to: Double(index) / 30).first?.id)
        }
        #expect(ids[..<25].allSatisfy { $0 == 1 })
        #expect(ids[25..<50].allSatisfy { $0 == nil })
        #expect(ids[50...].allSatisfy { $0 == 1 })
    }

    @Test("an object that was away for long gets a new number")
    func away() {
        var tracker = Self.tracker()
        #expect(tracker.advance([Self.detection(0, 0)], to: 0).map(\.id) == [1])
        #expect(tracker.advance([], to: 0.1).isEmpty)
        #expect(tracker.living == [1])
        // The first detection of a new object is not confirmed yet.
        #expect(tracker.advance([Self.detection(0, 0)], to: 5).map(\.id) == [1])
        for time in [5.1, 6.2, 6.3] { _ = tracker.advance([], to: time) }
        #expect(tracker.living.isEmpty)
        #expect(tracker.advance([Self.detection(0, 0)], to: 7).isEmpty)
        #expect(tracker.advance([Self.detection(0, 0)], to: 7.1).map(\.id) == [2])
    }

    @Test("weak detections begin no track, and classes have their own thresholds")
    func thresholds() {
        var settings = TrackingSettings(rate: 30, confidence: 0.5, classConfidence: [1: 0.2])
        settings.maximumLostSeconds = 1
        var tracker = Tracker(settings)
        let detections = [Self.detection(0, 0, 0.4), Self.detection(200, 0, 0.4, classID: 1)]
        for index in 0..<3 {
            #expect(tracker.advance(detections, to: Double(index) / 30).map(\.detection) == [1])
        }
    }

    @Test("an object keeps its number when the network takes it for one of another class, or for two")
    func classes() {
        var tracker = Self.tracker()
        let (car, truck) = (Self.detection(0, 0), Self.detection(4, 0, 0.6, classID: 1))
        for (index, detections) in [[car, truck], [truck], [car, truck], [truck, car], [car]].enumerated() {
            #expect(tracker.advance(detections, to: Double(index) / 30).map(\.id) == [1])
        }
    }

    @Test("a clock that jumps does no harm", arguments: [-3600.0, 0.5, 3600])
    func clock(jump: Double) {
        var tracker = Self.tracker()
        for index in 0..<10 { _ = tracker.advance([Self.detection(Float(2 * index), 0)], to: Double(index) / 30) }
        var ids: [Int] = []
        for index in 10..<20 {
            let time = Double(index) / 30 + jump
            ids += tracker.advance([Self.detection(Float(2 * index), 0)], to: time).map(\.id)
        }
        #expect(ids.count >= 9)
        #expect(Set(ids.suffix(9)).count == 1)
    }

    @Test("speed is in pixels per second, at any rate", arguments: [5.0, 30])
    func speed(rate: Double) {
        var tracker = Self.tracker(rate: rate)
        var speed = 0.0
        for index in 0..<Int(3 * rate) {
            let time = Double(index) / rate
            speed = tracker.advance([Self.detection(Float(60 * time), 0)], to: time).first?.speed ?? 0
        }
        #expect(abs(speed - 60) < 2)
    }
}

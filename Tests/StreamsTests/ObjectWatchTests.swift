import DetectionPipeline
import ObjectDetection
import Streams
import Testing

@Suite struct ObjectWatchTests {
    private static func object(_ track: Int?, zones: [String] = [], score: Double = 0.5) -> DetectedObject {
        var object = DetectedObject.example
        (object.track, object.zones, object.score) = (track, zones, score)
        return object
    }

    /// What happened, in short: `appeared 1 +door`, `moved 1 +yard -door 2.0`.
    private static func text(_ changes: [ObjectWatch.Change]) -> [String] {
        changes.map { change in
            let entered = change.entered.map { " +\($0)" }
            let exited = change.exited.sorted { $0.key < $1.key }.map { " -\($0.key) \($0.value)" }
            let crossed = change.crossed.sorted { $0.key < $1.key }.map { " \($0.key) \($0.value.rawValue)" }
            let stayed = change.stayed.map { " \($0)" }
            return "\(change.kind.rawValue) \(change.track)" + (entered + exited + crossed + stayed).joined()
        }
    }

    @Test("an object appears after half a second, and leaves when it will not come again")
    func life() {
        var watch = ObjectWatch()
        var texts: [String] = []
        for step in 0..<10 {
            let isThere = step < 6
            let changes = watch.look(
                at: isThere ? [Self.object(1, score: step == 2 ? 0.9 : 0.5), Self.object(nil)] : [],
                living: step < 8 ? [1] : [],
                time: Double(step) * 0.25
            )
            if let first = changes.first { texts.append("\(step): \(Self.text([first])[0]), \(first.object.score)") }
            #expect(watch.presence.objects == (2..<8 ~= step ? 1 : 0))
        }
        #expect(texts == ["2: appeared 1, 0.9", "8: left 1, 0.9"])
    }

    @Test("what flickers for a moment is no object")
    func flicker() {
        var watch = ObjectWatch()
        var changes = watch.look(at: [Self.object(1)], living: [1], time: 0)
        changes += watch.look(at: [Self.object(1)], living: [1], time: 0.4)
        changes += watch.look(at: [], living: [], time: 2)
        #expect(changes.isEmpty)
    }

    @Test("a change of zones counts in the second picture, with the time that it was in a zone")
    func zones() {
        var watch = ObjectWatch()
        let path: [[String]] = [["door"], ["door"], ["door"], [], ["door"], [], [], ["yard"], ["yard"], ["yard"]]
        var texts: [String] = []
        for (index, zones) in path.enumerated() {
            let changes = watch.look(at: [Self.object(1, zones: zones)], living: [1], time: Double(index))
            texts += Self.text(changes).map { "\(index): \($0)" }
        }
        texts += Self.text(watch.look(at: [], living: [], time: 20))
        #expect(
            texts == ["1: appeared 1 +door", "6: moved 1 -door 5.0", "8: moved 1 +yard", "left 1 -yard 1.0"]
        )
    }

    @Test("an object that is only reported in zones has left one when it is seen outside")
    func outside() {
        var watch = ObjectWatch()
        var texts: [String] = []
        for step in 0..<8 {
            let isInside = step < 4
            let changes = watch.look(
                at: isInside ? [Self.object(1, zones: ["door"])] : [],
                outside: isInside ? [2: []] : [1: [], 2: []],
                living: [1, 2],
                time: Double(step)
            )
            texts += Self.text(changes).map { "\(step): \($0)" }
        }
        #expect(texts == ["1: appeared 1 +door", "5: moved 1 -door 4.0"])
        // One that is not reported because of its class is still where it was.
        var other = ObjectWatch()
        for step in 0..<3 { _ = other.look(at: [Self.object(1, zones: ["door"])], living: [1], time: Double(step)) }
        for step in 3..<6 {
            #expect(other.look(at: [], outside: [1: ["door"]], living: [1], time: Double(step)).isEmpty)
        }
    }

    @Test(
        "an object has stayed once in each visit of a zone, or in the picture if there are no zones",
        arguments: [
            (true, ["0: appeared", "3: stayed door", "7: moved -door 6.5", "10: moved +door", "13: stayed door"]),
            (false, ["0: appeared", "3: stayed"]),
        ]
    )
    func stays(hasZones: Bool, expected: [String]) {
        var watch = ObjectWatch(stay: 3, hasZones: hasZones)
        var texts: [String] = []
        for step in 0..<32 {
            let time = Double(step) / 2
            let zones = hasZones && !(13..<19 ~= step) ? ["door"] : []
            let changes = watch.look(at: [Self.object(1, zones: zones)], living: [1], time: time)
            texts += Self.text(changes).map { "\(Int(time)): \($0.replacing(" 1", with: "", maxReplacements: 1))" }
        }
        #expect(texts.map { $0.replacing(" +door", with: $0.hasPrefix("0") ? "" : " +door") } == expected)
    }

    @Test(
        "a line counts objects that are beyond it in two pictures, and not those that pass its ends or turn back",
        arguments: [
            // The way of the foot over a line from (0, 50) to (100, 50): right of it, looking along, is below.
            ("down", [(50, 20), (50, 40), (50, 60), (50, 80)], ["crossed gate in"]),
            ("up", [(50, 80), (50, 60), (50, 40), (50, 20)], ["crossed gate out"]),
            ("past its end", [(120, 20), (120, 40), (120, 60), (120, 80)], []),
            ("around its end and back", [(90, 40), (130, 45), (130, 60), (90, 60), (90, 60)], []),
            ("a moment", [(50, 40), (50, 60), (50, 40), (50, 40)], []),
            (
                "there and back", [(50, 40), (50, 60), (50, 60), (50, 40), (50, 40)],
                ["crossed gate in", "crossed gate out"]
            ),
            ("in one step", [(50, 0), (50, 0), (50, 100), (50, 100)], ["crossed gate in"]),
            ("onto it, then on", [(50, 40), (50, 50), (50, 60), (50, 70)], ["crossed gate in"]),
        ] as [(String, [(Double, Double)], [String])]
    )
    func lines(name: String, way: [(Double, Double)], expected: [String]) {
        var watch = ObjectWatch()
        watch.lines = [
            CountingLine(name: "gate", start: Region.Point(x: 0, y: 50), end: Region.Point(x: 100, y: 50))
        ]
        var texts: [String] = []
        for (step, (x, y)) in way.enumerated() {
            var object = Self.object(1)
            (object.box.origin, object.box.size) = ([x - 10, y - 40], [20, 40])
            texts += Self.text(watch.look(at: [object], living: [1], time: Double(step)))
        }
        #expect(texts.filter { $0 != "appeared 1" }.map { $0.replacing(" 1", with: "") } == expected)
    }

    @Test("a line that was crossed before an object has appeared is counted when it has")
    func earlyCrossing() {
        var watch = ObjectWatch(anchor: .center)
        watch.lines = [CountingLine(name: "gate", start: Region.Point(x: 50, y: 0), end: Region.Point(x: 50, y: 100))]
        var texts: [String] = []
        for (step, x) in [60.0, 40, 30, 20, 10, 0].enumerated() {
            var object = Self.object(1)
            (object.box.origin, object.box.size) = ([x - 10, 0], [20, 40])
            texts += Self.text(watch.look(at: [object], living: [1], time: Double(step) / 5))
        }
        // To the right of someone who looks down the picture is its left.
        #expect(texts == ["appeared 1", "crossed 1 gate in"])
    }

    @Test("when the stream ends, all objects leave")
    func end() {
        var watch = ObjectWatch()
        for time in [0.0, 1] {
            _ = watch.look(at: [Self.object(2, zones: ["door"]), Self.object(1)], living: [1, 2], time: time)
        }
        _ = watch.look(at: [Self.object(3)], living: [1, 2, 3], time: 1.1)
        #expect(Self.text(watch.end()) == ["left 1", "left 2 -door 0.0"])
        #expect(watch.end().isEmpty)
    }
}

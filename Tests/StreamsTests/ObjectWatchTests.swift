import DetectionPipeline
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
            return "\(change.kind.rawValue) \(change.track)" + (entered + exited).joined()
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
            #expect(watch.present == (2..<8 ~= step ? 1 : 0))
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

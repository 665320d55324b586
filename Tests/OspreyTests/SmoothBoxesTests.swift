import DetectionPipeline
import ObjectDetection
import Testing
import osprey

@Suite struct SmoothBoxesTests {
    private static func object(x: Double, track: Int?) -> DetectedObject {
        var object = DetectedObject.example
        (object.box.origin, object.box.size) = ([x, 10], [20, 30])
        object.track = track
        return object
    }

    /// The results of pictures at the given times, with the left edges of their objects.
    private static func boxes(_ results: [(time: Double, objects: [(x: Double, track: Int?)])]) -> SmoothBoxes {
        var rest = results.makeIterator()
        return SmoothBoxes {
            rest.next().map { result in
                var record = PictureRecord.example
                record.objects = result.objects.map { object(x: $0.x, track: $0.track) }
                record.time = result.time
                return record
            }
        }
    }

    @Test("an object that moves evenly is drawn where it is, also between results")
    func even() throws {
        var boxes = Self.boxes((0..<10).map { (Double($0), [(Double(100 * $0), 1)]) })
        for step in 0...36 {
            let time = Double(step) / 4
            let object = try #require(try boxes.objects(at: time).first)
            #expect(object.track == 1)
            #expect(abs(Double(object.detection.box.minX) - 100 * time) < 0.01)
        }
    }

    @Test("a trembling object is drawn calmly")
    func trembling() throws {
        var boxes = Self.boxes((0..<20).map { (Double($0), [($0.isMultiple(of: 2) ? 100 : 106, 1)]) })
        // At both ends, there are no results to take the mean of.
        let drawn = try (2..<18).map { try #require(try boxes.objects(at: Double($0)).first).detection.box.minX }
        #expect(drawn.allSatisfy { (102...104).contains($0) })
    }

    @Test("objects come and go halfway between results, and those without a number do not move")
    func changes() throws {
        var boxes = Self.boxes([(0, [(0, 1), (300, nil)]), (1, [(200, 2), (400, nil)])])
        func drawn(_ time: Double) throws -> [Float] { try boxes.objects(at: time).map(\.detection.box.minX) }
        #expect(try drawn(0) == [0, 300])
        #expect(try drawn(0.4) == [0, 300])
        #expect(try drawn(0.6) == [200, 400])
        #expect(try drawn(1) == [200, 400])
        #expect(try drawn(9) == [200, 400])
    }

    @Test("a video without results has no boxes")
    func empty() throws {
        var boxes = Self.boxes([])
        #expect(try boxes.objects(at: 0).isEmpty)
    }
}

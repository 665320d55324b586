import Imaging
import ObjectDetection
import TestSupport
import Testing
import Video

@Suite struct MotionGateTests {
    /// A noisy grey scene with a square of another brightness; nil for none.
    private static func picture(
        square: (x: Int, y: Int)?,
        brightness: Int = 100,
        contrast: Int = 40,
        noise: Int = 3,
        by generator: inout SeededGenerator
    ) -> ReducedImage {
        picture(
            squares: square.map { [$0] } ?? [],
            brightness: brightness,
            contrast: contrast,
            noise: noise,
            by: &generator
        )
    }

    private static func picture(
        squares: [(x: Int, y: Int)],
        brightness: Int = 100,
        contrast: Int = 40,
        noise: Int = 3,
        by generator: inout SeededGenerator
    ) -> ReducedImage {
        let image = RGBImage(width: 320, height: 180) { pixels in
            for y in 0..<180 {
                for x in 0..<320 {
                    var value = brightness + Int.random(in: -noise...noise, using: &generator)
                    for square in squares
                    where (square.x..<square.x + 24).contains(x) && (square.y..<square.y + 24).contains(y) {
                        value += contrast
                    }
                    for channel in 0..<3 { pixels[3 * (320 * y + x) + channel] = UInt8(clamping: value) }
                }
            }
        }
        return ReducedImage(pixels: image, reduction: 4, width: 1280, height: 720)
    }

    @Test("a still scene is looked at every three seconds, with a noise that a camera has")
    func still() {
        var generator = SeededGenerator(seed: 1)
        var gate = MotionGate()
        let decisions = (0..<100).map { index in
            gate.decide(on: Self.picture(square: (40, 40), by: &generator), at: Double(index) / 10)
        }
        // The first half second is new.
        #expect(decisions.count { $0 == .detect } <= 10)
        #expect(gate.skipped >= 90)
        for start in stride(from: 6, to: 69, by: 10) {
            #expect(decisions[start..<start + 31].contains(.detect))
        }
    }

    @Test("what moves is looked at, and where it is", arguments: [12, 40, -40])
    func moving(contrast: Int) throws {
        var generator = SeededGenerator(seed: 2)
        var gate = MotionGate()
        for index in 0..<30 {
            _ = gate.decide(on: Self.picture(square: nil, by: &generator), at: Double(index) / 10)
        }
        for index in 30..<60 {
            let square = (x: 4 * (index - 30), y: 60)
            let picture = Self.picture(square: square, contrast: contrast, by: &generator)
            #expect(gate.decide(on: picture, at: Double(index) / 10) == .detect)
            let motion = try #require(gate.motion)
            // The front edge, in pixels of the full picture.
            #expect(motion.maxX >= Float(4 * square.x + 48) && motion.maxX <= Float(4 * square.x + 160))
            #expect(motion.minY >= 192 && motion.maxY <= 384)
        }
    }

    @Test("a light that is switched on is one change, not a lasting one")
    func light() {
        var generator = SeededGenerator(seed: 3)
        var gate = MotionGate()
        let decisions = (0..<60).map { index in
            gate.decide(
                on: Self.picture(square: nil, brightness: index < 20 ? 60 : 140, by: &generator),
                at: Double(index) / 10
            )
        }
        #expect(decisions[20] == .detect)
        #expect(decisions[26..<60].count { $0 == .detect } <= 5)
    }

    @Test("an object that comes to rest becomes background within two seconds, and is looked at when it leaves")
    func parked() {
        var generator = SeededGenerator(seed: 4)
        var gate = MotionGate()
        let decisions = (0..<260).map { index in
            let square = (20..<220).contains(index) ? (x: min(100, 10 * (index - 20)), y: 60) : nil
            return gate.decide(on: Self.picture(square: square, by: &generator), at: Double(index) / 10)
        }
        // It rests from the thirtieth picture on.
        #expect(decisions[20...42].allSatisfy { $0 == .detect })
        #expect(decisions[50..<220].count { $0 == .detect } <= 6)
        #expect(decisions[220...226].allSatisfy { $0 == .detect })
        #expect(decisions[245...].allSatisfy { $0 == .skip })
    }

    @Test("what never rests is noise after a while, but what passes there is not")
    func restless() {
        var generator = SeededGenerator(seed: 6)
        var gate = MotionGate()
        // Blinks every second, like the digits of a clock in the picture.
        func decide(_ index: Int, passing: (x: Int, y: Int)? = nil) -> MotionGate.Decision {
            let clock = index / 10 % 2 == 0 ? (x: 200, y: 20) : nil
            let picture = Self.picture(squares: [clock, passing].compactMap(\.self), by: &generator)
            return gate.decide(on: picture, at: Double(index) / 10)
        }
        let decisions = (0..<600).map { decide($0) }
        #expect(decisions[..<100].count { $0 == .detect } >= 60)
        #expect(decisions[400...].count { $0 == .detect } <= 20)
        let passing = (600..<620).map { decide($0, passing: (x: 8 * ($0 - 600), y: 100)) }
        #expect(passing.allSatisfy { $0 == .detect })
    }

    @Test("motion in an ignored area does not count")
    func ignored() throws {
        var generator = SeededGenerator(seed: 7)
        // The left half of the full picture.
        let half = try #require(
            Region(outlines: [[.init(x: 0, y: 0), .init(x: 640, y: 0), .init(x: 640, y: 720), .init(x: 0, y: 720)]])
        )
        var gate = MotionGate { _, _ in [half] }
        for index in 0..<30 {
            _ = gate.decide(on: Self.picture(square: nil, by: &generator), at: Double(index) / 10)
        }
        var decisions: [MotionGate.Decision] = []
        for index in 30..<60 {
            let picture = Self.picture(square: (x: 4 * (index - 30), y: 60), by: &generator)
            decisions.append(gate.decide(on: picture, at: Double(index) / 10))
        }
        #expect(decisions.count { $0 == .detect } <= 2)
        let picture = Self.picture(square: (x: 200, y: 60), by: &generator)
        #expect(gate.decide(on: picture, at: 6) == .detect)
    }

    @Test("a new size and a clock that was set back begin anew")
    func anew() {
        var generator = SeededGenerator(seed: 5)
        var gate = MotionGate()
        for index in 0..<30 { _ = gate.decide(on: Self.picture(square: nil, by: &generator), at: Double(index) / 10) }
        let small = RGBImage(width: 64, height: 48) { $0.initialize(repeating: 9) }
        #expect(gate.decide(on: ReducedImage(small), at: 3) == .detect)
        _ = gate.decide(on: ReducedImage(small), at: 3.6)
        #expect(gate.decide(on: ReducedImage(small), at: 3.7) == .skip)
        #expect(gate.decide(on: ReducedImage(small), at: -100) == .detect)
    }
}

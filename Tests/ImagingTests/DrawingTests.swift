import Foundation
import Imaging
import ObjectDetection
import Synchronization
import Testing

@Suite("Drawing detections")
struct DrawingTests {
    static let painter = DetectionPainter(labels: LabelMap(["person", "bicycle", "car"]))
    static let grey = RGBImage(width: 640, height: 480) { $0.initialize(repeating: 0x78) }

    @Test("a box is drawn in its class's colour, its inside and its surroundings stay")
    func box() throws {
        let detection = Detection(box: BoundingBox(100, 150, 300, 400), score: 0.9, classID: 1)
        let drawn = try Self.painter.draw([detection], on: Self.grey)
        let color = DrawingColor.ofClass(1).hex

        for (x, y) in [(100, 250), (101, 250), (299, 250), (260, 150), (200, 399)] {
            #expect(drawn.pixel(x, y) == color, "the line at \(x), \(y)")
        }
        for (x, y) in [(200, 275), (95, 250), (310, 250), (200, 410), (0, 0), (639, 479)] {
            #expect(drawn.pixel(x, y) == 0x787878, "the picture at \(x), \(y)")
        }
        #expect(Self.grey.bytes.allSatisfy { $0 == 0x78 })
    }

    @Test("the label stands on the box, in its class's colour")
    func label() throws {
        let detection = Detection(box: BoundingBox(100, 150, 300, 400), score: 0.9, classID: 1)
        let drawn = try Self.painter.draw([detection], on: Self.grey)
        let color = DrawingColor.ofClass(1)
        let label = (0..<60).flatMap { x in (132..<148).map { y in drawn.pixel(102 + x, y) } }
        #expect(label.contains(color.hex))
        #expect(label.contains(color.counterpart.hex))
        #expect(!label.contains(0x787878))
    }

    @Test("the stronger of two detections is on top")
    func order() throws {
        let box = BoundingBox(100, 150, 300, 400)
        let pair = [
            Detection(box: box, score: 0.8, classID: 2),
            Detection(box: box, score: 0.3, classID: 0),
        ]
        for detections in [pair, pair.reversed()] {
            let drawn = try Self.painter.draw(detections, on: Self.grey)
            #expect(drawn.pixel(100, 300) == DrawingColor.ofClass(2).hex)
        }
    }

    @Test(
        "what is not in the picture is not drawn",
        arguments: [
            BoundingBox(-50, -50, -10, -10), BoundingBox(640, 0, 700, 480), BoundingBox(50, 50, 50, 90),
            BoundingBox(90, 50, 50, 90), BoundingBox(.nan, 10, 20, 20), BoundingBox(10, 10, .nan, .nan),
            BoundingBox(.infinity, 0, .infinity, 10),
        ]
    )
    func invisible(box: BoundingBox) throws {
        let drawn = try Self.painter.draw([Detection(box: box, score: 0.9, classID: 0)], on: Self.grey)
        #expect(drawn.bytes == Self.grey.bytes)
    }

    @Test(
        "anything in the picture is drawn, whatever its size, class and score",
        arguments: [
            Detection(box: BoundingBox(-.infinity, -.infinity, .infinity, .infinity), score: 0.9, classID: 0),
            Detection(box: BoundingBox(-1e30, 5, 1e30, 1e30), score: 0.9, classID: 0),
            Detection(box: BoundingBox(10.2, 10.2, 10.3, 10.3), score: 0.9, classID: 0),
            Detection(box: BoundingBox(639.5, 479.5, 640, 480), score: 0.9, classID: 0),
            Detection(box: BoundingBox(10, 10, 50, 50), score: .nan, classID: 0),
            Detection(box: BoundingBox(10, 10, 50, 50), score: .infinity, classID: -1),
            Detection(box: BoundingBox(10, 10, 50, 50), score: -3, classID: .min),
            Detection(box: BoundingBox(10, 10, 50, 50), score: 1, classID: .max),
        ]
    )
    func unusual(detection: Detection) throws {
        let drawn = try Self.painter.draw([detection], on: Self.grey)
        #expect(drawn.bytes != Self.grey.bytes)
    }

    @Test("pictures of any shape are drawn on", arguments: [(1, 1), (1, 300), (300, 1), (20, 20), (61, 20), (3000, 9)])
    func shapes(width: Int, height: Int) throws {
        let image = RGBImage(width: width, height: height) { $0.initialize(repeating: 0x78) }
        let box = BoundingBox(0, 0, Float(width), Float(height))
        let drawn = try Self.painter.draw([Detection(box: box, score: 0.5, classID: 0)], on: image)
        #expect(drawn.width == width && drawn.height == height)
        #expect(drawn.bytes != image.bytes)
    }

    @Test("class names are drawn literally")
    func names() throws {
        let endless = String(repeating: "é", count: 1 << 20)
        let names = ["dog", "<b>dog</b>", "&lt;", "100 %s", "חתול", "a\nb", "a\0b", "", endless]
        let drawings = try names.map { name in
            try DetectionPainter(labels: LabelMap([name]))
                .draw([Detection(box: BoundingBox(100, 150, 300, 400), score: 0.9, classID: 0)], on: Self.grey)
                .bytes
        }
        // The two control characters become the same space.
        #expect(Set(drawings).count == names.count - 1)
    }

    @Test("eight threads draw the same picture", arguments: 1...4)
    func threads(round: Int) throws {
        // A size of its own for each round, so that every thread has to load fonts.
        let image = RGBImage(width: 700 + 80 * round, height: 500) { $0.initialize(repeating: 90) }
        let painter = DetectionPainter(labels: LabelMap(["person", "人", "חתול"]))
        let detections = (0..<6).map { i in
            Detection(
                box: BoundingBox(Float(i * 100), Float(i * 60), Float(i * 100 + 300), Float(i * 60 + 200)),
                score: Float(i) / 6,
                classID: i % 3
            )
        }
        let drawings = Mutex<Set<[UInt8]>>([])
        let threads = DispatchGroup()
        for count in 1...8 {
            threads.enter()
            Thread {
                for _ in 0..<count {
                    let drawn = try? painter.draw(detections, on: image)
                    drawings.withLock { _ = $0.insert(drawn?.bytes ?? []) }
                }
                threads.leave()
            }
            .start()
        }
        threads.wait()
        #expect(drawings.withLock { $0 } == [try painter.draw(detections, on: image).bytes])
    }

    @Test("a picture longer than Cairo takes is refused as too large")
    func tooLarge() throws {
        let image = RGBImage(width: 32_768, height: 1) { $0.initialize(repeating: 0) }
        let error = #expect(throws: ImageError.self) { try Self.painter.draw([], on: image) }
        #expect(error?.code == .tooLarge)
    }

    @Test("boxes are drawn where no font is installed")
    func noFonts() async {
        await #expect(processExitsWith: .success) {
            let folder = FileManager.default.temporaryDirectory.appending(path: "no-fonts-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let settings = folder.appending(path: "fonts.conf")
            try Data("<fontconfig><dir>\(folder.path())</dir><cachedir>\(folder.path())</cachedir></fontconfig>".utf8)
                .write(to: settings)
            setenv("FONTCONFIG_FILE", settings.path(), 1)

            let detection = Detection(box: BoundingBox(100, 150, 300, 400), score: 0.9, classID: 1)
            let drawn = try Self.painter.draw([detection], on: Self.grey)
            #expect(drawn.pixel(100, 250) == DrawingColor.ofClass(1).hex)
            #expect(drawn.pixel(120, 140) == 0x787878)
        }
    }
}

@Suite("Colours of classes")
struct DrawingColorTests {
    @Test("text is readable on each", arguments: DrawingColor.palette)
    func contrast(color: DrawingColor) {
        #expect(color.contrast(with: color.counterpart) >= 4.5)
    }

    @Test("contrast is that of the accessibility guidelines")
    func guidelines() {
        // WCAG 2.2, technique G18: black on white is 21:1; 0x767676 on white is the darkest grey text of 4.54:1.
        #expect(DrawingColor.black.contrast(with: .white) == 21)
        #expect(abs(DrawingColor(0x767676).contrast(with: .white) - 4.54) < 0.005)
    }

    @Test("the first twenty classes differ, and so do neighbours of any number")
    func different() {
        #expect(Set((0..<20).map(DrawingColor.ofClass)).count == 20)
        for classID in -100...100 {
            #expect(DrawingColor.ofClass(classID) != DrawingColor.ofClass(classID + 1), "\(classID)")
        }
    }

    @Test("COCO's person, wine glass and dining table do not share one")
    func rounds() {
        #expect(Set([0, 40, 60].map(DrawingColor.ofClass)).count == 3)
    }
}

@Suite("Placing labels")
struct LabelPlacementTests {
    @Test(
        "a label goes to the best place that is in the picture",
        arguments: [
            (BoundingBox(200, 200, 400, 400), BoundingBox(200, 180, 280, 200)),  // above
            (BoundingBox(200, 10, 400, 400), BoundingBox(200, 10, 280, 30)),  // inside, for there is no room above
            (BoundingBox(200, 10, 220, 30), BoundingBox(200, 30, 280, 50)),  // below, for it would hide a small box
            (BoundingBox(600, 200, 620, 220), BoundingBox(560, 180, 640, 200)),  // above, moved left
            (BoundingBox(0, 0, 640, 480), BoundingBox(0, 0, 80, 20)),
        ]
    )
    func best(box: BoundingBox, expected: BoundingBox) {
        var placement = LabelPlacement(imageWidth: 640, imageHeight: 480)
        #expect(placement.place(width: 80, height: 20, beside: box) == expected)
    }

    @Test("labels of the same box do not cover each other while there is room")
    func sameBox() {
        var placement = LabelPlacement(imageWidth: 640, imageHeight: 480)
        let box = BoundingBox(200, 200, 400, 400)
        let places = (0..<7).map { _ in placement.place(width: 80, height: 20, beside: box) }
        for (index, place) in places.enumerated() {
            #expect(places[..<index].allSatisfy { $0.intersectionOverUnion(with: place) == 0 }, "label \(index)")
        }
    }

    @Test("every label is in the picture")
    func inside() {
        var generator = SeededGenerator(seed: 5)
        var placement = LabelPlacement(imageWidth: 200, imageHeight: 100)
        for _ in 0..<200 {
            let x = Float.random(in: 0..<200, using: &generator)
            let y = Float.random(in: 0..<100, using: &generator)
            let right = Float.random(in: x...200, using: &generator)
            let bottom = Float.random(in: y...100, using: &generator)
            let box = BoundingBox(x, y, right, bottom)
            let width = Float.random(in: 10...200, using: &generator)
            let place = placement.place(width: width, height: 20, beside: box)
            #expect(place.minX >= 0 && place.minY >= 0 && place.maxX < 200.001 && place.maxY < 100.001, "\(box)")
            #expect(abs(place.width - width) < 0.001 && abs(place.height - 20) < 0.001, "\(box)")
        }
    }
}

extension BoundingBox {
    fileprivate init(_ minX: Float, _ minY: Float, _ maxX: Float, _ maxY: Float) {
        self.init(minX: minX, minY: minY, maxX: maxX, maxY: maxY)
    }
}

extension DrawingColor {
    fileprivate var hex: UInt32 { [red, green, blue].reduce(0) { $0 << 8 | UInt32(($1 * 255).rounded()) } }
}

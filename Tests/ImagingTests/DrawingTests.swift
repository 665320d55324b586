import Foundation
import Imaging
import ObjectDetection
import Synchronization
import TestSupport
import Testing

@Suite("Drawing detections")
struct DrawingTests {
    static let painter = DetectionPainter(labels: LabelMap(["person", "bicycle", "car"]))
    static let grey = RGBImage(width: 640, height: 480) { $0.initialize(repeating: 0x78) }

    @Test("a box is drawn in its class's colour; its inside and surroundings do not change")
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

    @Test("zones are outlined and brightened, except in their holes, below boxes")
    func zones() throws {
        let corners = { (points: [(Double, Double)]) in points.map { Region.Point(x: $0.0, y: $0.1) } }
        let outlines = [
            corners([(50, 50), (350, 50), (350, 450), (50, 450)]),
            corners([(150, 200), (250, 200), (250, 300), (150, 300)]),
        ]
        let zone = try #require(Region(outlines: outlines))
        let detection = Detection(box: BoundingBox(300, 150, 400, 400), score: 0.9, classID: 1)
        let drawn = try Self.painter.draw([detection], zones: [zone], on: Self.grey)
        // 0.85 * 0x78 + 0.15 * 255
        #expect(drawn.pixel(100, 100) == 0x8C8C8C)
        for (x, y) in [(200, 250), (500, 100), (370, 440)] { #expect(drawn.pixel(x, y) == 0x787878, "\(x), \(y)") }
        #expect(drawn.pixel(50, 250) == 0xFFFFFF && drawn.pixel(150, 250) == 0xFFFFFF)
        #expect(drawn.pixel(350, 399) == DrawingColor.ofClass(1).hex)
    }

    @Test("the label is drawn above the box, in its class's colour")
    func label() throws {
        let detection = Detection(box: BoundingBox(100, 150, 300, 400), score: 0.9, classID: 1)
        let drawn = try Self.painter.draw([detection], on: Self.grey)
        let color = DrawingColor.ofClass(1)
        let label = (0..<60).flatMap { x in (132..<148).map { y in drawn.pixel(102 + x, y) } }
        #expect(label.contains(color.hex))
        #expect(label.contains(color.counterpart.hex))
        #expect(!label.contains(0x787878))
    }

    @Test("a translucent mask is drawn in its class's colour, below the box, and nowhere else")
    func mask() throws {
        // Every other pixel of the odd rows of the region.
        let pixels = (0..<100 * 90).map { UInt8($0 / 100 % 2 == 1 && $0 % 2 == 0 ? 1 : 0) }
        let mask = Mask(imageWidth: 640, imageHeight: 480, x: 150, y: 200, width: 100, height: 90, pixels: pixels)
        let detection = Detection(box: BoundingBox(100, 150, 200, 400), score: 0.9, classID: 1, mask: mask)
        let drawn = try Self.painter.draw([detection], on: Self.grey)

        let color = DrawingColor.ofClass(1)
        for (shift, channel) in [(16, color.red), (8, color.green), (0, color.blue)] {
            let expected = 0.6 * 0x78 + 0.4 * channel * 255
            #expect(abs(Double(drawn.pixel(150, 201) >> shift & 255) - expected) <= 1)
        }
        let tinted = drawn.pixel(150, 201)
        for y in 195..<300 {
            for x in 140..<190 {
                let isObject = (150..<250).contains(x) && (200..<290).contains(y) && y % 2 == 1 && x % 2 == 0
                #expect(drawn.pixel(x, y) == (isObject ? tinted : 0x787878), "\(x), \(y)")
            }
        }
        #expect(drawn.pixel(248, 289) == tinted && drawn.pixel(250, 289) == 0x787878)
        #expect(drawn.pixel(198, 201) == color.hex, "the box's line covers the mask")
    }

    @Test("the mask of the stronger of two detections is on top, and the boxes cover both")
    func maskOrder() throws {
        func detection(_ box: BoundingBox, score: Float, classID: Int) -> Detection {
            let mask = Mask(
                imageWidth: 640,
                imageHeight: 480,
                x: 100,
                y: 100,
                width: 200,
                height: 200,
                pixels: [UInt8](repeating: 1, count: 40_000)
            )
            return Detection(box: box, score: score, classID: classID, mask: mask)
        }
        let weak = detection(BoundingBox(150, 150, 250, 250), score: 0.3, classID: 0)
        let strong = detection(BoundingBox(100, 100, 300, 300), score: 0.8, classID: 2)
        let drawn = try Self.painter.draw([strong, weak], on: Self.grey)
        for (shift, path) in [(16, \DrawingColor.red), (8, \.green), (0, \.blue)] {
            let weakChannel = DrawingColor.ofClass(0)[keyPath: path] * 255
            let strongChannel = DrawingColor.ofClass(2)[keyPath: path] * 255
            let expected = 0.6 * (0.6 * 0x78 + 0.4 * weakChannel) + 0.4 * strongChannel
            #expect(abs(Double(drawn.pixel(200, 200) >> shift & 255) - expected) <= 2)
        }
        #expect(drawn.pixel(150, 220) == DrawingColor.ofClass(0).hex)
    }

    @Test("a mask for another picture size is not drawn")
    func foreignMask() throws {
        let mask = Mask(imageWidth: 641, imageHeight: 480, x: 640, y: 479, width: 1, height: 1, pixels: [1])
        let box = BoundingBox(100, 150, 300, 400)
        let without = try Self.painter.draw([Detection(box: box, score: 0.9, classID: 1)], on: Self.grey)
        let with = try Self.painter.draw([Detection(box: box, score: 0.9, classID: 1, mask: mask)], on: Self.grey)
        #expect(with.bytes == without.bytes)
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
        "boxes outside the picture are not drawn",
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
        "boxes inside the picture are drawn, whatever their size, class and score",
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

    @Test("any picture shape can be drawn on", arguments: [(1, 1), (1, 300), (300, 1), (20, 20), (61, 20), (3000, 9)])
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
        // Each round has a different size, so that every thread has to load fonts.
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

    @Test("a picture larger than Cairo supports is rejected as too large")
    func tooLarge() throws {
        let image = RGBImage(width: 32_768, height: 1) { $0.initialize(repeating: 0) }
        let error = #expect(throws: ImageError.self) { try Self.painter.draw([], on: image) }
        #expect(error?.code == .tooLarge)
    }

    @Test("boxes are drawn even if no font is installed")
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
    @Test("text is readable on each colour", arguments: DrawingColor.palette)
    func contrast(color: DrawingColor) {
        #expect(color.contrast(with: color.counterpart) >= 4.5)
    }

    @Test("contrast matches the accessibility guidelines")
    func guidelines() {
        // WCAG 2.2, technique G18: black on white is 21:1; 0x767676 on white is the darkest grey text of 4.54:1.
        #expect(DrawingColor.black.contrast(with: .white) == 21)
        #expect(abs(DrawingColor(0x767676).contrast(with: .white) - 4.54) < 0.005)
    }

    @Test("the first twenty classes have different colours, and so do any two neighbours")
    func different() {
        #expect(Set((0..<20).map(DrawingColor.ofClass)).count == 20)
        for classID in -100...100 {
            #expect(DrawingColor.ofClass(classID) != DrawingColor.ofClass(classID + 1), "\(classID)")
        }
    }

    @Test("COCO's person, wine glass and dining table have different colours")
    func rounds() {
        #expect(Set([0, 40, 60].map(DrawingColor.ofClass)).count == 3)
    }
}

@Suite("Placing labels")
struct LabelPlacementTests {
    @Test(
        "a label is put in the best place inside the picture",
        arguments: [
            (BoundingBox(200, 200, 400, 400), BoundingBox(200, 180, 280, 200)),  // above
            (BoundingBox(200, 10, 400, 400), BoundingBox(200, 10, 280, 30)),  // inside, as there is no room above
            (BoundingBox(200, 10, 220, 30), BoundingBox(200, 30, 280, 50)),  // below, as it would hide a small box
            (BoundingBox(600, 200, 620, 220), BoundingBox(560, 180, 640, 200)),  // above, moved left
            (BoundingBox(0, 0, 640, 480), BoundingBox(0, 0, 80, 20)),
        ]
    )
    func best(box: BoundingBox, expected: BoundingBox) {
        var placement = LabelPlacement(imageWidth: 640, imageHeight: 480)
        #expect(placement.place(width: 80, height: 20, beside: box) == expected)
    }

    @Test("labels of the same box do not overlap while there is room")
    func sameBox() {
        var placement = LabelPlacement(imageWidth: 640, imageHeight: 480)
        let box = BoundingBox(200, 200, 400, 400)
        let places = (0..<7).map { _ in placement.place(width: 80, height: 20, beside: box) }
        for (index, place) in places.enumerated() {
            #expect(places[..<index].allSatisfy { $0.intersectionOverUnion(with: place) == 0 }, "label \(index)")
        }
    }

    @Test("every label is inside the picture")
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

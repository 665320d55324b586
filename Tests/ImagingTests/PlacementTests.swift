import Foundation
import Imaging
import ObjectDetection
import TestSupport
import Testing

@Suite("Placement of pictures in other networks' input")
struct PlacementTests {
    /// Results of OpenCV and Pillow, written by `Tools/Goldens/placement_golden.py`.
    private struct Golden: Decodable {
        var way: String
        var image: [Int]
        var seed: UInt32
        var input: [Int]
        var scaled: [Int]
        var padding: [Int]
        var crc32: UInt32

        var letterbox: Letterbox {
            Letterbox(
                imageWidth: image[0],
                imageHeight: image[1],
                side: 32,
                shape: .fixed(width: input[0], height: input[1]),
                placement: way == "top_left" ? .topLeft : way == "margin" ? .centered : .stretched,
                margin: way == "margin" ? 2 : 0,
                antialiases: way == "antialias"
            )
        }
    }

    @Test(
        "the input has the same bytes as with OpenCV or Pillow",
        arguments: ["stretch", "antialias", "top_left", "margin"]
    )
    func bytes(way: String) throws {
        let goldens = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: Fixtures.url("placements.json")))
            .filter { $0.way == way }
        #expect(goldens.count >= 40)
        for golden in goldens {
            let letterbox = golden.letterbox
            #expect([letterbox.scaledWidth, letterbox.scaledHeight] == golden.scaled, "\(golden)")
            #expect([letterbox.padLeft, letterbox.padTop] == golden.padding, "\(golden)")
            let image = seededImage(width: golden.image[0], height: golden.image[1], seed: golden.seed)
            let tensor = [UInt8](unsafeUninitializedCapacity: letterbox.byteCount) { buffer, count in
                buffer.initialize(repeating: 0xA5)
                letterbox.draw(image, into: buffer)
                count = buffer.count
            }
            #expect(crc32(tensor) == golden.crc32, "\(golden)")
        }
    }

    @Test("a box that covers the drawn picture is the whole picture", arguments: Letterbox.Placement.allCases)
    func boxes(placement: Letterbox.Placement) {
        let letterbox = Letterbox(
            imageWidth: 500,
            imageHeight: 375,
            side: 64,
            shape: .fixed(width: 64, height: 96),
            placement: placement
        )
        let (left, top) = (Float(letterbox.padLeft), Float(letterbox.padTop))
        let drawn = BoundingBox(
            minX: left,
            minY: top,
            maxX: left + Float(letterbox.scaledWidth),
            maxY: top + Float(letterbox.scaledHeight)
        )
        let exact = letterbox.exactImageBox(from: drawn)
        #expect([exact.minX, exact.minY, exact.maxX, exact.maxY] == [0, 0, 500, 375])
    }
}

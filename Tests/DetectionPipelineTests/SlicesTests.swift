import DetectionPipeline
import Imaging
import Testing

@Suite struct SlicesTests {
    // The corners are those of sahi 0.12.8, `get_slice_bboxes`.
    @Test(
        "slices begin at the top left corner, and the last ones end at the edges",
        arguments: [
            (1000, 640, Slices(size: 640), [[0, 0, 640, 640], [360, 0, 1000, 640]]),
            (
                1500, 700, Slices(size: 640),
                [
                    [0, 0, 640, 640], [512, 0, 1152, 640], [860, 0, 1500, 640],
                    [0, 60, 640, 700], [512, 60, 1152, 700], [860, 60, 1500, 700],
                ]
            ),
            (300, 900, Slices(size: 512, overlap: 0.5), [[0, 0, 300, 512], [0, 256, 300, 768], [0, 388, 300, 900]]),
            (1024, 512, Slices(size: 512, overlap: 0), [[0, 0, 512, 512], [512, 0, 1024, 512]]),
            (
                1025, 512, Slices(size: 512, overlap: 0),
                [[0, 0, 512, 512], [512, 0, 1024, 512], [513, 0, 1025, 512]]
            ),
            // Not larger than a slice.
            (640, 480, Slices(), []), (640, 640, Slices(size: 640), []),
        ] as [(Int, Int, Slices, [[Int]])]
    )
    func parts(width: Int, height: Int, slices: Slices, expected: [[Int]]) throws {
        let found = try slices.parts(width: width, height: height, inputSide: 640).map {
            [$0.columns.lowerBound, $0.rows.lowerBound, $0.columns.upperBound, $0.rows.upperBound]
        }
        #expect(found == expected)
    }

    @Test(
        "automatic slices are as large as the input, or larger if there would be too many",
        arguments: [(4000, 3000, 640), (12_000, 9000, 640), (50_000, 1000, 320), (1_000_000, 1, 640)]
    )
    func automatic(width: Int, height: Int, side: Int) throws {
        let parts = try Slices().parts(width: width, height: height, inputSide: side)
        #expect((2...Slices.maximumCount).contains(parts.count))
        #expect(parts.allSatisfy { $0.columns.count >= min(width, side) && $0.rows.count >= min(height, side) })
        // Every pixel is in a slice.
        #expect(Set(parts.flatMap { Array($0.columns) }).count == width)
        #expect(Set(parts.flatMap { Array($0.rows) }).count == height)
    }

    @Test("too many slices are an error that says how many")
    func tooMany() {
        let error = #expect(throws: ImageError.self) {
            try Slices(size: 128).parts(width: 4000, height: 3000, inputSide: 640)
        }
        #expect(error?.code == .tooLarge)
        #expect(error?.message.contains("takes 1131 slices") == true, "\(error?.message ?? "")")
    }
}

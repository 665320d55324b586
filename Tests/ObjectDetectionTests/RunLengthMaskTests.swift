import Foundation
import ObjectDetection
import TestSupport
import Testing

@Suite struct RunLengthMaskTests {
    /// Reference results of pycocotools, written by `Tools/Goldens/evaluation_golden.py`.
    struct Golden: Decodable {
        struct Group: Decodable {
            struct Mask: Decodable {
                var polygons: [[Double]]
                var counts: String
                var runs: [Int]
                var area: Int
            }

            var width: Int
            var height: Int
            var masks: [Mask]
            /// IoU of each pair of masks.
            var iou: [[Double]]
            /// IoU of each pair of masks, with the second one as a crowd.
            var crowdIoU: [[Double]]
        }

        var groups: [Group]

        static func groups() throws -> [Group] {
            let data = try Data(contentsOf: Fixtures.url("run-length-masks.json"))
            let groups = try JSONDecoder().decode(Golden.self, from: data).groups
            try #require(groups.count == 9)
            return groups
        }
    }

    @Test("polygons cover the same pixels as in pycocotools") func polygons() throws {
        for group in try Golden.groups() {
            for golden in group.masks {
                let mask = RunLengthMask(width: group.width, height: group.height, polygons: golden.polygons)
                #expect(mask.counts == golden.runs, "\(group.width) x \(group.height): \(golden.polygons)")
                #expect(mask.area == golden.area)
            }
        }
    }

    @Test("the compressed string matches pycocotools and can be decoded") func compression() throws {
        for group in try Golden.groups() {
            let (width, height) = (group.width, group.height)
            for golden in group.masks {
                let mask = RunLengthMask(width: width, height: height, counts: golden.runs)
                #expect(mask.compressedCounts == golden.counts)
                #expect(RunLengthMask(width: width, height: height, compressedCounts: golden.counts) == mask)
                #expect(RunLengthMask(width: width, height: height, validating: golden.runs) == mask)
            }
        }
    }

    @Test("overlaps match pycocotools, also with crowds") func overlaps() throws {
        for group in try Golden.groups() {
            let masks = group.masks.map {
                RunLengthMask(width: group.width, height: group.height, counts: $0.runs)
            }
            #expect(masks.map { mask in masks.map { mask.intersectionOverUnion(with: $0) } } == group.iou)
            let crowds = masks.map { mask in masks.map { mask.intersectionOverUnion(with: $0, isCrowd: true) } }
            #expect(crowds == group.crowdIoU)
        }
    }

    @Test("masks of pictures of different sizes share no pixels") func otherSize() {
        let mask = RunLengthMask(width: 4, height: 2, counts: [0, 8])
        #expect(mask.intersectionOverUnion(with: RunLengthMask(width: 2, height: 4, counts: [0, 8])) == 0)
        #expect(mask.intersectionOverUnion(with: mask) == 1)
    }

    @Test(
        "malformed strings are rejected",
        arguments: [
            ("", 4, 3),  // no runs
            ("<", 4, 4),  // 12 pixels of 16
            ("<1", 4, 3),  // 13 pixels of 12
            ("l", 4, 3),  // the continuation bit of the last digit is set
            ("<\u{7F}", 4, 3),  // characters that are not digits
            ("<p", 4, 3),
            ("</", 4, 3),
            ("<é", 4, 3),
            ("O=", 4, 3),  // a run of -1
            ("000N", 0, 0),  // a difference that makes a run negative
            ("<P", 4, 3),
            ("\\PPPPPPP0", 4, 3),  // more digits than a picture needs
            ("oooooo?", 65_535, 65_535),
            ("<", -4, -3),
            ("<", -12, -1),
            ("0", Int.max, Int.max),
            ("0", 65_536, 65_536),
        ]
    )
    func malformed(text: String, width: Int, height: Int) {
        #expect(RunLengthMask(width: width, height: height, compressedCounts: text) == nil)
    }

    @Test(
        "runs that do not fill the picture are rejected",
        arguments: [
            ([], 4, 3), ([12], 4, 4), ([12, 1], 4, 3), ([13, -1], 4, 3), ([Int.max, Int.max, 14], 4, 3), ([-12], -4, 3),
            ([-1, 13], 4, 3),
            ([0], Int.max, 2), ([65_536 * 65_536], 65_536, 65_536),
        ]
    )
    func invalidRuns(counts: [Int], width: Int, height: Int) {
        #expect(RunLengthMask(width: width, height: height, validating: counts) == nil)
    }

    @Test("runs of the largest picture survive compression") func largest() {
        let mask = RunLengthMask(width: 65_535, height: 65_535, counts: [0, 65_535 * 65_534, 1, 1, 65_533])
        #expect(RunLengthMask(width: 65_535, height: 65_535, compressedCounts: mask.compressedCounts) == mask)
    }

    @Test("distant corners cost no time, and the edges between them are kept")
    func farCorners() {
        let far = 1e300
        let everything = [-far, -far, far, -far, far, far, -far, far]
        let right = [50, -far, far, -far, far, far, 50, far]
        #expect(RunLengthMask(width: 100, height: 80, polygons: [everything]).counts == [0, 8000])
        #expect(RunLengthMask(width: 100, height: 80, polygons: [right]).counts == [4000, 4000])
    }

    @Test(
        "a polygon without an interior covers nothing",
        arguments: [[], [3], [3, 4], [3, 4, 9, 9], [.nan, 0, 9, 0, 9, 9], [0, 0, .infinity, 0, 9, 9]]
    )
    func noInside(polygon: [Double]) {
        #expect(RunLengthMask(width: 10, height: 10, polygons: [polygon]).counts == [100])
    }

    @Test("a picture without pixels has an empty mask") func noPixels() {
        let mask = RunLengthMask(width: 0, height: 7, polygons: [[0, 0, 9, 0, 9, 9]])
        #expect(mask.area == 0 && mask.intersectionOverUnion(with: mask) == 0)
        #expect(RunLengthMask(width: 0, height: 7, compressedCounts: mask.compressedCounts) == mask)
    }
}

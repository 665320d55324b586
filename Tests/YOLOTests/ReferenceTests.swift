import Foundation
import Imaging
import Inference
import ObjectDetection
import TestSupport
import Testing
import YOLO

/// Complete detections, compared with those of YOLOv5's own code in PyTorch.
@Suite struct ReferenceTests {
    /// Agreement of detections with those of the reference.
    struct Agreement {
        /// Maximum difference between scores.
        var scoreTolerance: Float = 0.005
        var matched: [(found: Detection, expected: Detection)] = []
        /// Detections found by only one side, with their picture.
        var alone: [(picture: String, detection: Detection)] = []

        /// Pairs each expected detection with one of the same class and, except for rounding, the same box and score.
        mutating func compare(_ found: [Detection], with expected: [Detection], in picture: String) {
            var remaining = found
            for wanted in expected {
                let match = remaining.firstIndex { detection in
                    detection.classID == wanted.classID && abs(detection.score - wanted.score) <= scoreTolerance
                        && detection.box.intersectionOverUnion(with: wanted.box) >= 0.99
                }
                if let match {
                    matched.append((remaining.remove(at: match), wanted))
                } else {
                    alone.append((picture, wanted))
                }
            }
            alone += remaining.map { (picture, $0) }
        }
    }

    private static func detector(_ file: String, precision: Precision = .f32) throws -> YOLODetector {
        try YOLODetector(
            file: try #require(ModelFile(path: file)),
            configuration: YOLODetector.Configuration(
                compilation: CompileOptions(precision: precision, streams: 1, threads: 2)
            ),
            runtime: Runtime()
        )
    }

    @Test(
        "a checkpoint yields the same detections as PyTorch on all 128 pictures",
        .needs(.coco128, .model("yolov5n-v6.0.pt"), .golden("yolov5n-v6.0-detections.json"))
    )
    func checkpoint() async throws {
        let detector = try Self.detector(Asset.model("yolov5n-v6.0.pt").path)
        let golden = try ReferenceDetection.load(Asset.golden("yolov5n-v6.0-detections.json").path)
        #expect(golden.count == 128)
        var agreement = Agreement()
        for (id, expected) in golden {
            let found = try await detector.detect(in: RGBImage.coco(id), options: DetectionOptions()).detections
            agreement.compare(found, with: expected.map(\.detection), in: id)
        }
        // A detection with a score this close to the threshold may exceed it on one side only.
        let (excepted, wrong) = agreement.alone.split { abs($0.detection.score - 0.25) <= 0.005 }
        print("\(agreement.matched.count) detections match the reference, \(excepted.count) are at the threshold")
        #expect(wrong.isEmpty)
        #expect(excepted.count <= 4)
    }

    @Test(
        "masks match those of PyTorch",
        .needs(.coco128, .model("yolov5n-seg.onnx"), .golden("yolov5n-seg-masks.json"))
    )
    func masks() async throws {
        let detector = try Self.detector(Asset.model("yolov5n-seg.onnx").path)
        var overlaps: [(area: Int, overlap: Double, roundTrip: Double)] = []
        // The file's input has half precision, unlike the reference's, so one score differs by 0.006.
        var agreement = Agreement(scoreTolerance: 0.01)
        for (id, expected) in try ReferenceDetection.load(Asset.golden("yolov5n-seg-masks.json").path) {
            let picture = try RGBImage.coco(id)
            let found = try await detector.detect(in: picture, options: DetectionOptions()).detections
            let before = agreement.matched.count
            agreement.compare(found, with: expected.map(\.detection), in: id)
            for match in agreement.matched[before...] {
                let mask = try #require(match.found.mask)
                let counts = try #require(expected.first { $0.detection == match.expected }?.compressedCounts)
                let wanted = try #require(
                    RunLengthMask(width: picture.width, height: picture.height, compressedCounts: counts)
                )
                let runs = mask.runLengths
                let again = RunLengthMask(width: picture.width, height: picture.height, polygons: mask.polygons())
                overlaps.append(
                    (wanted.area, runs.intersectionOverUnion(with: wanted), again.intersectionOverUnion(with: runs))
                )
            }
        }
        let mean = overlaps.map(\.overlap).reduce(0, +) / Double(overlaps.count)
        let worst = overlaps.filter { $0.area > 1000 }.map(\.overlap).min() ?? 0
        let worstRoundTrip = overlaps.filter { $0.area > 0 }.map(\.roundTrip).min() ?? 0
        print("\(overlaps.count) masks: mean IoU \(mean), worst over 1,000 pixels \(worst), polygons \(worstRoundTrip)")
        #expect(agreement.alone.allSatisfy { abs($0.detection.score - 0.25) <= 0.005 })
        #expect(overlaps.count > 500)
        #expect(mean >= 0.98)
        #expect(worst >= 0.9)
        #expect(worstRoundTrip >= 0.99)
    }
}

extension Array {
    /// Returns the elements that fit, and the others.
    fileprivate func split(_ fits: (Element) -> Bool) -> (fitting: [Element], others: [Element]) {
        (filter(fits), filter { !fits($0) })
    }
}

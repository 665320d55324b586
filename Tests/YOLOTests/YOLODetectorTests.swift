import Foundation
import Imaging
import Inference
import ObjectDetection
import Synchronization
import TestSupport
import Testing
import YOLO

@Suite struct YOLODetectorTests {
    private static func detector(
        _ path: String,
        device: String = CompileOptions.usualDevice,
        isRectangular: Bool = true,
        cacheDirectory: String? = nil
    ) throws -> YOLODetector {
        let configuration = YOLODetector.Configuration(
            compilation: CompileOptions(device: device, precision: .f32, streams: 1, threads: 2),
            isRectangular: isRectangular,
            cacheDirectory: cacheDirectory
        )
        let file = try #require(ModelFile(path: path))
        return try YOLODetector(file: file, configuration: configuration, runtime: Runtime())
    }

    @Test(
        "the published export yields the same detections as in ONNX Runtime",
        .needs(.coco128, .model("yolov5n.onnx"))
    )
    func parity() async throws {
        let detector = try Self.detector(Asset.model("yolov5n.onnx").path, isRectangular: false)
        #expect(detector.uncutReason == nil)
        #expect(detector.model.labels[23] == "giraffe")
        for (id, expected) in try ReferenceDetection.load(Fixtures.path("yolov5n-detections.json")) {
            let expected = expected.map(\.detection)
            let found = try await detector.detect(in: RGBImage.coco(id), options: DetectionOptions()).detections
            let unmatched = expected.filter { wanted in
                !found.contains { detection in
                    detection.classID == wanted.classID && abs(detection.score - wanted.score) <= 0.005
                        && detection.box.intersectionOverUnion(with: wanted.box) >= 0.99
                }
            }
            #expect(unmatched.isEmpty, "\(id)")
            #expect(found.count == expected.count, "\(id)")
        }
    }

    @Test("devices that OpenVINO chooses find the same objects", arguments: ["AUTO:CPU", "HETERO:CPU", "AUTO"])
    func devices(_ device: String) async throws {
        let picture = try RGBImage.jpeg(Asset.demoPicture)
        let detector = try Self.detector(Asset.demoModel, device: device)
        #expect(detector.model.device == "CPU")
        #expect(detector.model.precision == "f32")
        let expected = try await Self.detector(Asset.demoModel).detect(in: picture, options: DetectionOptions())
        #expect(!expected.detections.isEmpty)
        let found = try await detector.detect(in: picture, options: DetectionOptions())
        #expect(found.detections == expected.detections)
    }

    @Test("a device that this machine lacks is an error that names those it has")
    func unknownDevice() throws {
        #expect(try Runtime().devices.map(\.name).contains("CPU"))
        let error = #expect(throws: YOLOError.self) { try Self.detector(Asset.demoModel, device: "TPU") }
        #expect(error?.message.contains("the device TPU cannot run it; this machine has: CPU") == true)
    }

    @Test("a compiled network is cached, and compiled again if the cache is invalid")
    func cache() async throws {
        let folder = try TemporaryDirectory()
        let detector = try Self.detector(Asset.demoModel, cacheDirectory: folder.path)
        #expect(detector.cacheFailure == nil)
        let picture = try RGBImage.jpeg(Asset.demoPicture)
        let options = DetectionOptions()
        let expected = try await detector.detect(in: picture, options: options).detections
        #expect(!expected.isEmpty)
        let kept = folder.url.appending(path: detector.model.sha256)
        let blobs = try FileManager.default.contentsOfDirectory(at: kept, includingPropertiesForKeys: nil)
        let blob = try #require(blobs.first)
        let whole = try Data(contentsOf: blob)
        // Another version of OpenVINO, or a full disk, may leave such files behind.
        for spoiled in [whole, Data(whole.dropFirst(1)), whole.prefix(whole.count / 2), whole.prefix(1000), Data()] {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: blob.path)
            try spoiled.write(to: blob)
            let again = try Self.detector(Asset.demoModel, cacheDirectory: folder.path)
            #expect(
                try await again.detect(in: picture, options: options).detections == expected,
                "\(spoiled.count) bytes"
            )
        }
    }

    @Test("a frequent shape is compiled once per mode, and all compiled networks find the same objects")
    func fixedShapes() async throws {
        let works = Mutex<[@Sendable () -> Void]>([])
        let configuration = YOLODetector.Configuration(
            compilation: CompileOptions(precision: .f32, streams: 2, threads: 2),
            background: { work in works.withLock { $0.append(work) } }
        )
        let file = try #require(ModelFile(path: Asset.demoModel))
        let detector = try YOLODetector(file: file, configuration: configuration, runtime: Runtime())
        let picture = try RGBImage.jpeg(Asset.demoPicture)
        let expected = try await detector.detect(in: picture, options: DetectionOptions()).detections
        #expect(!expected.isEmpty)
        for (mode, count) in [(PerformanceMode.throughput, 1), (.throughput, 0), (.latency, 1), (.latency, 0)] {
            for _ in 0..<30 {
                let found = try await detector.detect(in: picture, options: DetectionOptions(), mode: mode).detections
                #expect(found == expected)
            }
            let waiting = works.withLock { works in
                defer { works = [] }
                return works
            }
            #expect(waiting.count == count, "\(mode)")
            for work in waiting { work() }
        }
    }

    @Test("an unusable cache directory is reported, and the model works")
    func cacheFailure() async throws {
        // Not even root can create a folder there.
        let detector = try Self.detector(Asset.demoModel, cacheDirectory: "/proc/nowhere")
        #expect(detector.cacheFailure != nil)
        let image = RGBImage(width: 64, height: 64) { $0.initialize(repeating: 0) }
        _ = try await detector.detect(in: image, options: DetectionOptions())
    }

    @Test("pictures of any shape are accepted, and boxes stay inside them")
    func shapes() async throws {
        let detector = try Self.detector(Asset.demoModel)
        for (width, height) in [(1, 1), (3, 900), (900, 3), (33, 640), (1280, 720), (641, 639)] {
            let image = RGBImage(width: width, height: height) { pixels in
                for index in pixels.indices {
                    pixels.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index &* 37))
                }
            }
            let options = DetectionOptions(confidenceThreshold: 0.001, multiLabel: true)
            let found = try await detector.detect(in: image, options: options).detections
            for detection in found {
                #expect(detection.box.minX >= 0 && detection.box.maxX <= Float(width))
                #expect(detection.box.minY >= 0 && detection.box.maxY <= Float(height))
            }
        }
    }

    // ExportTests compare the candidates with PyTorch's.
    @Test("an export without known heads runs uncut") func uncut() async throws {
        let detector = try Self.detector(Fixtures.path("exports/detect-11-v3.onnx"))
        #expect(detector.uncutReason != nil)
        #expect(detector.model.labels == LabelMap(["round", "square", "star"]))
        #expect(detector.model.inputSide == 64 && !detector.model.isRectangular)
        let image = RGBImage(width: 128, height: 128) { pixels in
            for index in pixels.indices { pixels.initializeElement(at: index, to: UInt8(index / 3 % 128)) }
        }
        let options = DetectionOptions(confidenceThreshold: 0.01)
        let found = try await detector.detect(in: image, options: options).detections
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { $0.box.minX >= 0 && $0.box.maxX <= 128 && $0.box.maxX - $0.box.minX > 8 })
    }

    @Test("an unusable file is rejected", arguments: ["exports/refused-pose.onnx", "missing.onnx", "missing.pt"])
    func notAModel(name: String) {
        #expect {
            try Self.detector(Fixtures.path(name))
        } throws: { error in
            (error as? YOLOError)?.code == .invalidModel
        }
    }

    @Test(
        "pictures processed concurrently yield the same detections as one at a time",
        .needs(.coco128, .model("yolov5n.onnx"))
    )
    func concurrency() async throws {
        let detector = try Self.detector(Asset.model("yolov5n.onnx").path)
        let pictures = try ["000000000009", "000000000036", "000000000144"].map(RGBImage.coco)
        var alone: [[Detection]] = []
        for picture in pictures {
            alone.append(try await detector.detect(in: picture, options: DetectionOptions()).detections)
        }
        try await withThrowingTaskGroup(of: (Int, [Detection]).self) { group in
            for turn in 0..<24 {
                let picture = pictures[turn % pictures.count]
                group.addTask {
                    (turn % 3, try await detector.detect(in: picture, options: DetectionOptions()).detections)
                }
            }
            for try await (index, detections) in group { #expect(detections == alone[index]) }
        }
    }
}

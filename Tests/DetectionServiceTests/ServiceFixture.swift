import DetectionService
import Foundation
import Hummingbird
import HummingbirdTesting
import Imaging
import Inference
import Logging
import NIOCore
import ObjectDetection
import Storage
import YOLO

/// A service with three small pictures, a detector that answers by rule, and a store of its own.
final class ServiceFixture {
    let directory: URL
    let components: ServiceComponents

    init(
        detector: any ObjectDetector = RuleDetector(),
        queue: WorkQueue = WorkQueue(slots: 4, capacity: 16),
        storeQuotaBytes: Int = 1 << 30,
        change: (inout ServiceSettings) -> Void = { _ in }
    ) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "osprey-tests-\(UUID().uuidString)")
        let pictures = directory.appending(path: "dataset")
        try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
        for (name, width) in [("000000000009", 64), ("000000000144", 96), ("000000000200", 33)] {
            let file = pictures.appending(path: "\(name).jpg")
            try Data(Self.picture(width: width, height: 48).encoded(as: .jpeg)).write(to: file)
        }
        var settings = ServiceSettings(version: "test")
        // Other suites keep the machine busy; what is not about time must not fail by it.
        settings.requestTimeout = .seconds(300)
        change(&settings)
        components = ServiceComponents(
            settings: settings,
            pictures: PictureLibrary(
                dataset: try Dataset(name: "test", directory: pictures.path),
                store: try FileImageStore(
                    directory: directory.appending(path: "store").path,
                    quotaBytes: storeQuotaBytes
                )
            ),
            models: ModelRegistry(defaultDetector: detector),
            queue: queue
        )
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Runs `body` against the service on a port of its own.
    func test(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        let application = try buildApplication(
            components: components,
            address: .hostname("127.0.0.1", port: 0),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await application.test(.ahc(.http), body)
    }

    static func picture(width: Int, height: Int) -> RGBImage {
        RGBImage(width: width, height: height) { pixels in
            for index in pixels.indices {
                pixels.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index / 3 &* 5 &+ index % 3 &* 80))
            }
        }
    }
}

/// Finds one cat that fills the left half of the picture and a dog in the right one, with scores of 0.9 and 0.5.
struct RuleDetector: ObjectDetector {
    var model = ModelDescription(name: "rule", labels: LabelMap(["cat", "dog"]))
    var delay: Duration = .zero

    func detect(
        in image: ReducedImage,
        options: DetectionOptions,
        mode: PerformanceMode
    ) async throws -> DetectionResult {
        if delay > .zero { try await Task.sleep(for: delay) }
        let middle = Float(image.width) / 2
        let width = Float(image.width)
        let height = Float(image.height)
        let all = [
            Detection(box: BoundingBox(minX: 0, minY: 0, maxX: middle, maxY: height), score: 0.9, classID: 0),
            Detection(box: BoundingBox(minX: middle, minY: 0, maxX: width, maxY: height), score: 0.5, classID: 1),
        ]
        let kept = all.filter { detection in
            detection.score > options.confidenceThreshold && options.classes?.contains(detection.classID) ?? true
        }
        return DetectionResult(detections: Array(kept.prefix(options.maximumDetections)))
    }
}

extension TestResponse {
    /// The body as a JSON object.
    func json() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
    }

    var bytes: [UInt8] { Array(body.readableBytesView) }
}

func jsonBody(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

import DecodeWorkers
import DetectionPipeline
import DetectionService
import Foundation
import Hummingbird
import HummingbirdTesting
import Imaging
import Logging
import ModelServing
import NIOCore
import ObjectDetection
import Scheduling
import Storage
import TestSupport
import YOLO

/// A service with three small pictures, a detector with fixed results, and its own store.
final class ServiceFixture {
    let readiness = Readiness()
    let directory: TemporaryDirectory
    private let settings: ServiceSettings
    private let pictures: PictureLibrary
    private let models: ModelRegistry
    private let pipeline: DetectionPipeline

    init(
        detector: any ObjectDetector = RuleDetector(),
        queue: WorkQueue = WorkQueue(slots: 4, capacity: 16),
        storeQuotaBytes: Int = 1 << 30,
        change: (inout ServiceSettings) -> Void = { _ in }
    ) throws {
        directory = try TemporaryDirectory()
        for (name, width) in [("000000000009", 64), ("000000000144", 96), ("000000000200", 33)] {
            try directory.write("dataset/\(name).jpg", Self.picture(width: width, height: 48).encoded(as: .jpeg))
        }
        var settings = ServiceSettings(version: "test")
        // Other suites keep the machine busy: only tests of timeouts may depend on time.
        settings.requestTimeout = .seconds(300)
        change(&settings)
        self.settings = settings
        pictures = PictureLibrary(
            dataset: try Dataset(name: "test", directory: "\(directory.path)/dataset"),
            store: try FileImageStore(directory: "\(directory.path)/store", quotaBytes: storeQuotaBytes)
        )
        models = ModelRegistry(defaultDetector: detector)
        pipeline = DetectionPipeline(
            decoder: PictureDecoder(
                DecodingOptions(
                    limits: ImageLimits(
                        maximumBytes: settings.maximumBodyBytes,
                        maximumPixels: settings.maximumPixels
                    )
                )
            ),
            queue: queue,
            workers: WorkerPool(threadCount: 8)
        )
    }

    /// Runs `body` against the service on a free port.
    func test(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        let server = try DetectionServer(
            settings: settings,
            pictures: pictures,
            models: models,
            pipeline: pipeline,
            readiness: readiness,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await server.application(at: .hostname("127.0.0.1", port: 0)).test(.ahc(.http), body)
    }

    static func picture(width: Int, height: Int) -> RGBImage {
        RGBImage(width: width, height: height) { pixels in
            for index in pixels.indices {
                pixels.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index / 3 &* 5 &+ index % 3 &* 80))
            }
        }
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

import DecodeWorkers
import DetectionPipeline
import Imaging
import JSONSchema
import ObjectDetection
import Scheduling
import TestSupport
import Testing
import YOLO

@Suite struct DetectionPipelineTests {
    private static func pipeline(_ queue: WorkQueue = WorkQueue(slots: 2, capacity: 0)) -> DetectionPipeline {
        DetectionPipeline(decoder: PictureDecoder(DecodingOptions()), queue: queue, workers: WorkerPool(threadCount: 2))
    }

    private static func picture(width: Int, height: Int, as format: ImageFormat) throws -> [UInt8] {
        try RGBImage(width: width, height: height) { pixels in
            for index in pixels.indices {
                pixels.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index / 3 &* 5 &+ index % 3 &* 80))
            }
        }.encoded(as: format)
    }

    private static func request(
        _ detector: any ObjectDetector = RuleDetector(),
        decoding: DetectionRequest.Decoding = .standard
    ) throws -> DetectionRequest {
        let settings = try DetectionSettings(Values([:]), for: detector.model, at: "query")
        return DetectionRequest(detector, settings: settings, decoding: decoding)
    }

    /// Returns a detection that encodes the pixels and the reduction that it received.
    private struct Recorder: ObjectDetector {
        var model = ModelDescription(name: "recorder", labels: LabelMap(["all"]))

        func detect(
            in image: ReducedImage,
            options: DetectionOptions,
            mode: PerformanceMode
        ) async throws -> DetectionResult {
            let sum = image.pixels.withUnsafePixels { $0.reduce(0) { $0 &* 31 &+ UInt32($1) } }
            let box = BoundingBox(minX: 0, minY: 0, maxX: Float(image.reduction), maxY: Float(sum % 1000))
            return DetectionResult(detections: [Detection(box: box, score: 0.5, classID: 0)])
        }
    }

    @Test(
        "the network sees the same pixels whether or not a drawing is requested",
        arguments: [(640, 480), (1600, 1200), (3200, 2400)]
    )
    func drawing(width: Int, height: Int) async throws {
        let bytes = try Self.picture(width: width, height: height, as: .jpeg)
        let request = try Self.request(Recorder())
        let plain = try await Self.pipeline().detect(request, picture: .encoded { bytes }, output: \.self)
        for format in [nil] + ImageFormat.encodable {
            let drawn = try await Self.pipeline().detect(
                request.drawing(as: format),
                picture: .encoded { bytes },
                output: \.self
            )
            #expect(drawn.detections == plain.detections)
            let copy = try #require(drawn.drawn)
            #expect(copy.format == format ?? .jpeg)
            let info = try ImageInfo(reading: copy.bytes.span.bytes)
            #expect([info.width, info.height] == [width, height])
        }
        #expect(plain.drawn == nil)
        #expect([plain.width, plain.height] == [width, height])
    }

    @Test("a JPEG is decoded at reduced resolution in the service, and at full resolution as trained")
    func decoding() async throws {
        let bytes = try Self.picture(width: 3200, height: 2400, as: .jpeg)
        for (decoding, reduction) in [(DetectionRequest.Decoding.standard, 4), (.asTrained, 1)] {
            let request = try Self.request(Recorder(), decoding: decoding)
            let report = try await Self.pipeline().detect(request, picture: .encoded { bytes }, output: \.self)
            #expect(report.detections.first?.box.maxX == Float(reduction))
        }
    }

    @Test("a format that cannot be written is drawn as PNG")
    func readOnlyFormat() async throws {
        // A GIF of one pixel.
        let gif: [UInt8] = [
            0x47, 0x49, 0x46, 0x38, 0x37, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1,
            0,
            1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B,
        ]
        let report = try await Self.pipeline().detect(
            Self.request().drawing(as: nil),
            picture: .encoded { gif },
            output: \.self
        )
        #expect(report.drawn?.format == .png)
    }

    @Test("stages are measured, those of drawing only if it is requested")
    func stages() async throws {
        let bytes = try Self.picture(width: 64, height: 64, as: .png)
        let plain: [Stage] = [.queue, .read, .decode, .letterbox, .infer, .postprocess]
        for (request, expected) in [
            (try Self.request(), plain), (try Self.request().drawing(as: .png), plain + [.draw, .encode]),
        ] {
            let clock = StageClock(start: .now)
            _ = try await Self.pipeline().detect(request, stages: clock, picture: .encoded { bytes }, output: \.width)
            #expect(clock.recorded.map(\.stage) == expected)
        }
    }

    @Test("a full queue rejects a picture before it is read")
    func fullQueue() async throws {
        let queue = WorkQueue(slots: 1, capacity: 0)
        let pipeline = Self.pipeline(queue)
        let request = try Self.request()
        try await queue.withSlot {
            _ = await #expect(throws: SchedulingError.self) {
                let picture = DetectionPipeline.Picture.encoded {
                    Issue.record("read without a slot")
                    return []
                }
                return try await pipeline.detect(request, picture: picture, output: \.width)
            }
        }
    }

    /// Finds the blue pixels of a part: a box around them, with the share of them that is not hidden as its score.
    private struct BlueFinder: ObjectDetector {
        var model = ModelDescription(name: "blue", labels: LabelMap(["blue"]), inputSide: 64)

        func detect(
            in image: ReducedImage,
            options: DetectionOptions,
            mode: PerformanceMode
        ) async throws -> DetectionResult {
            let letterbox = Letterbox(imageWidth: image.width, imageHeight: image.height, side: 64, shape: .square)
            var input = [UInt8](repeating: 0, count: letterbox.byteCount)
            input.withUnsafeMutableBufferPointer { pixels in
                letterbox.draw(image, into: pixels)
                for region in options.ignored { letterbox.fill(region, in: pixels) }
            }
            let blue = (0..<(64 * 64)).filter { input[3 * $0 + 2] > 200 && input[3 * $0] < 50 }
            guard let left = blue.map({ $0 % 64 }).min(), let right = blue.map({ $0 % 64 }).max(),
                let top = blue.map({ $0 / 64 }).min(), let bottom = blue.map({ $0 / 64 }).max()
            else { return DetectionResult(detections: []) }
            let box = BoundingBox(
                minX: Float(left),
                minY: Float(top),
                maxX: Float(right + 1),
                maxY: Float(bottom + 1)
            )
            let found = Detection(box: letterbox.exactImageBox(from: box), score: 0.9, classID: 0)
            return DetectionResult(detections: [found])
        }
    }

    @Test(
        "objects in slices are placed in the picture, except in areas to ignore",
        arguments: [
            (nil, [BoundingBox(minX: 100, minY: 70, maxX: 120, maxY: 90)]),
            ([[90, 60], [130, 60], [130, 100], [90, 100]], []),
            // Its left half.
            (
                [[90, 60], [110, 60], [110, 100], [90, 100]],
                [
                    BoundingBox(minX: 110, minY: 70, maxX: 120, maxY: 90)
                ]
            ),
        ] as [([[Double]]?, [BoundingBox])]
    )
    func slices(ignored: [[Double]]?, expected: [BoundingBox]) async throws {
        let picture = RGBImage(width: 200, height: 150) { pixels in
            for index in 0..<(200 * 150) {
                let isBlue = (100..<120).contains(index % 200) && (70..<90).contains(index / 200)
                let color: [UInt8] = isBlue ? [0, 0, 255] : [200, 200, 200]
                for channel in 0..<3 { pixels.initializeElement(at: 3 * index + channel, to: color[channel]) }
            }
        }
        var values: [String: JSONValue] = ["slices": "auto"]
        if let ignored {
            values["ignore"] = .array([.array(ignored.map { .array($0.map(JSONValue.number)) })])
        }
        let detector = BlueFinder()
        let settings = try DetectionSettings(Values(values), for: detector.model, at: "body")
        let report = try await Self.pipeline().detect(
            DetectionRequest(detector, settings: settings),
            picture: .pixels { ReducedImage(picture) },
            output: \.self
        )
        #expect(report.sliceCount == 12)
        #expect(report.detections.count == expected.count)
        for (found, expected) in zip(report.detections, expected) {
            #expect(found.box.intersectionOverUnion(with: expected) > 0.75, "\(found.box)")
        }
    }

    @Test("a picture that cannot be decoded is an error")
    func damaged() async throws {
        let request = try Self.request()
        await #expect(throws: ImageError.self) {
            try await Self.pipeline().detect(request, picture: .encoded { [1, 2, 3] }, output: \.width)
        }
    }
}

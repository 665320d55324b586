package import DecodeWorkers
package import Imaging
internal import ObjectDetection
package import Scheduling
package import YOLO

/// Detects objects in pictures.
///
/// All callers (HTTP, command line, evaluation) use it, so detections never depend on how they are returned.
package struct DetectionPipeline: Sendable {
    /// A picture to detect objects in; both closures may block.
    package enum Picture: Sendable {
        /// Returns the bytes of a file.
        case encoded(@Sendable () throws -> [UInt8])
        /// Returns the pixels.
        case pixels(@Sendable () throws -> ReducedImage)
    }

    /// Decodes pictures, within their limits.
    package let decoder: PictureDecoder
    /// Admits the work; each picture holds one slot.
    package let queue: WorkQueue
    /// Threads that decode, draw and encode.
    package let workers: WorkerPool
    /// Admits pictures that are detected in slices, in place of ``queue``: one holds its pixels for long.
    let slicedPictures: WorkQueue
    /// Admits the steps of these pictures, as many as the network has streams if there is no other work.
    let slices: YieldingQueue

    /// - Parameters:
    ///   - decoder: Decodes pictures.
    ///   - queue: Admits the work, with two slots for each of the network's streams.
    ///   - workers: Threads that do it.
    package init(decoder: PictureDecoder, queue: WorkQueue, workers: WorkerPool) {
        self.decoder = decoder
        self.queue = queue
        self.workers = workers
        let streams = Self.streams(for: queue.slots)
        slicedPictures = WorkQueue(slots: streams, capacity: queue.capacity)
        slices = YieldingQueue(slots: streams)
    }

    /// Changes the number of slots of the queue, and what depends on it.
    package func resize(slots: Int) {
        queue.resize(slots: slots)
        slicedPictures.resize(slots: Self.streams(for: slots))
        slices.resize(slots: Self.streams(for: slots))
    }

    private static func streams(for slots: Int) -> Int { max(1, slots / 2) }

    /// Detects objects in one picture.
    ///
    /// All work on a picture runs on one worker thread, because a change of threads means cold caches; slices run in
    /// parallel. If the task is cancelled, it stops before the next step.
    /// - Parameters:
    ///   - request: The model, what to keep, and whether to draw.
    ///   - flow: Flow of the queue; nil for that of the model.
    ///   - deadline: Latest start; nil waits for a slot without limit.
    ///   - stages: Receives the duration of each step.
    ///   - picture: The picture.
    ///   - output: Turns the report into the caller's result, still in the slot and on the worker thread.
    /// - Returns: What `output` returns.
    /// - Throws: `SchedulingError` if the queue is full; `ImageError` if the picture cannot be decoded, cut or drawn;
    ///   `InferenceError` if the network fails; errors of `picture` and `output`.
    package func detect<Output: Sendable>(
        _ request: DetectionRequest,
        flow: String? = nil,
        deadline: ContinuousClock.Instant? = nil,
        stages: StageClock = StageClock(start: .now),
        picture: Picture,
        output: @escaping @Sendable (DetectionReport) throws -> Output
    ) async throws -> Output {
        if let slices = request.settings.slices {
            return try await detect(request, in: slices, deadline: deadline, stages: stages, picture, output)
        }
        return try await work(flow: flow ?? request.detector.model.name, deadline: deadline, stages: stages) { mode in
            let picture = try await decode(picture, for: request, stages)
            try Task.checkCancellation()
            let detections = try await detect(request, in: picture.image, mode: mode(), stages)
            try Task.checkCancellation()
            return try output(try await report(detections, in: picture, for: request, stages))
        }
    }

    /// Selects, draws and describes what was detected.
    func report(
        _ detections: [Detection],
        in picture: DecodedPicture,
        sliceCount: Int? = nil,
        for request: DetectionRequest,
        _ stages: StageClock
    ) async throws -> DetectionReport {
        let (width, height) = (picture.image.width, picture.image.height)
        let (indices, zones) = try request.settings.select(detections, width: width, height: height)
        let kept = indices.map { detections[$0] }
        let pixels = try await fullPixels(of: picture, for: request, stages)
        return DetectionReport(
            model: request.detector.model,
            width: width,
            height: height,
            detections: kept,
            drawn: try pixels.flatMap { pixels in
                let regions = request.settings.zones?.regions(width: width, height: height) ?? []
                return try draw(kept, zones: regions, on: pixels, picture.format, as: request.drawing, stages)
            },
            isTruncated: picture.image.isTruncated,
            sliceCount: sliceCount,
            zones: zones,
            crops: pixels.flatMap { pixels in request.settings.cropMargin.map { Crops(pixels: pixels, margin: $0) } },
            settings: request.settings
        )
    }

    func detect(
        _ request: DetectionRequest,
        in image: ReducedImage,
        mode: PerformanceMode,
        _ stages: StageClock
    ) async throws -> [Detection] {
        let result = try await request.detector.detect(
            in: image,
            options: request.settings.detectorOptions(width: image.width, height: image.height),
            mode: request.mode ?? mode
        )
        stages.end(.infer, but: result.stages)
        return result.detections
    }

    /// Runs `body` in a slot of the queue, on a worker thread.
    ///
    /// - Parameters:
    ///   - flow: Flow of the queue.
    ///   - deadline: Latest start; nil waits for a slot without limit.
    ///   - stages: Receives the time in the queue.
    ///   - body: The work; receives a function that returns how a network should use the cores now.
    /// - Returns: What `body` returns.
    /// - Throws: `SchedulingError` if the queue is full; errors of `body`.
    package func work<Output: Sendable>(
        flow: String,
        deadline: ContinuousClock.Instant? = nil,
        stages: StageClock = StageClock(start: .now),
        _ body: @escaping @Sendable (_ mode: () -> PerformanceMode) async throws -> Output
    ) async throws -> Output {
        try await queue.withSlot(flow: flow, deadline: deadline) {
            stages.end(.queue)
            return try await slices.makingWay {
                try await withTaskExecutorPreference(workers) {
                    // A single picture gets all cores; several get one each, which yields more pictures per second.
                    try await body { queue.isAlone && slices.running == 0 ? .latency : .throughput }
                }
            }
        }
    }

    struct DecodedPicture {
        var image: ReducedImage
        var format = ImageFormat.png
        /// The file, if there is one, and how it was decoded.
        var file: (bytes: [UInt8], options: DecodingOptions)?
    }

    func decode(
        _ picture: Picture,
        for request: DetectionRequest,
        _ stages: StageClock
    ) async throws -> DecodedPicture {
        defer { stages.end(.decode) }
        switch picture {
        case .pixels(let read): return DecodedPicture(image: try read())
        case .encoded(let read):
            let bytes = try read()
            stages.end(.read)
            var options = decoder.options
            var side = request.decodingSide
            if request.decoding == .asTrained {
                options.embeddedProfile = .ignore
                side = .max
            }
            let image = try await decoder.decode(bytes, options, forSide: side)
            return DecodedPicture(
                image: image,
                format: ImageFormat.sniff(bytes.span.bytes) ?? .png,
                file: (bytes, options)
            )
        }
    }

    /// Returns the pixels at full resolution; nil if neither drawing nor crops need them.
    ///
    /// Detection does not need it, and must see the same pixels as without drawing.
    private func fullPixels(
        of picture: DecodedPicture,
        for request: DetectionRequest,
        _ stages: StageClock
    ) async throws -> RGBImage? {
        guard request.drawing != nil || request.settings.cropMargin != nil else { return nil }
        guard picture.image.reduction > 1, let (bytes, options) = picture.file else { return picture.image.pixels }
        let pixels = try await decoder.decode(bytes, options, forSide: .max).pixels
        stages.end(.decode)
        return pixels
    }

    private func draw(
        _ detections: [Detection],
        zones: [Region],
        on pixels: RGBImage,
        _ pictureFormat: ImageFormat,
        as drawing: DetectionRequest.Drawing?,
        _ stages: StageClock
    ) throws -> DetectionReport.Drawn? {
        guard let drawing else { return nil }
        let drawn = try DetectionPainter(labels: drawing.labels).draw(detections, zones: zones, on: pixels)
        stages.end(.draw)
        let format = drawing.format ?? (pictureFormat.isEncodable ? pictureFormat : .png)
        let encoded = try drawn.encoded(as: format)
        stages.end(.encode)
        return DetectionReport.Drawn(bytes: encoded, format: format)
    }
}

extension DetectionResult {
    /// The parts of the detector's time outside the network.
    fileprivate var stages: [(stage: Stage, duration: Duration)] {
        let stages: [(stage: Stage, duration: Duration)] = [(.letterbox, letterbox), (.postprocess, postprocessing)]
        return masks > .zero ? stages + [(.masks, masks)] : stages
    }
}

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
        case pixels(@Sendable () throws -> RGBImage)
    }

    /// Decodes pictures, within their limits.
    package let decoder: PictureDecoder
    /// Admits the work; each picture holds one slot.
    package let queue: WorkQueue
    /// Threads that decode, draw and encode.
    package let workers: WorkerPool
    /// Admits pictures that are detected in slices, in place of ``queue``: one holds its pixels for long.
    private let slicedPictures: WorkQueue
    /// Admits slices to the network, as many as it has streams, so that other pictures wait for one slice at most.
    private let slices: WorkQueue

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
        slices = WorkQueue(slots: streams, capacity: .max)
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
    ///   - deadline: Latest start; nil waits for a slot without limit.
    ///   - stages: Receives the duration of each step.
    ///   - picture: The picture.
    ///   - output: Turns the report into the caller's result, still in the slot and on the worker thread.
    /// - Returns: What `output` returns.
    /// - Throws: `SchedulingError` if the queue is full; `ImageError` if the picture cannot be decoded, cut or drawn;
    ///   `InferenceError` if the network fails; errors of `picture` and `output`.
    package func detect<Output: Sendable>(
        _ request: DetectionRequest,
        deadline: ContinuousClock.Instant? = nil,
        stages: StageClock = StageClock(start: .now),
        picture: Picture,
        output: @escaping @Sendable (DetectionReport) throws -> Output
    ) async throws -> Output {
        let admission = request.settings.slices == nil ? queue : slicedPictures
        return try await work(
            in: admission,
            flow: request.detector.model.name,
            deadline: deadline,
            stages: stages
        ) { mode in
            let picture = try await decode(picture, for: request, stages)
            try Task.checkCancellation()
            let found =
                if let slices = request.settings.slices {
                    try await detect(request, in: picture.image, slices: slices, stages)
                } else {
                    Found(detections: try await detect(request, in: picture.image, mode: mode(), stages))
                }
            let (kept, zones) = request.settings.select(
                found.detections,
                width: picture.image.width,
                height: picture.image.height
            )
            try Task.checkCancellation()
            let pixels = try await fullPixels(of: picture, for: request, stages)
            let report = DetectionReport(
                model: request.detector.model,
                width: picture.image.width,
                height: picture.image.height,
                detections: kept,
                drawn: try pixels.flatMap { try draw(kept, on: $0, picture.format, as: request.drawing, stages) },
                isTruncated: picture.image.isTruncated,
                sliceCount: found.sliceCount,
                zones: zones,
                crops: pixels.flatMap { pixels in
                    request.settings.cropMargin.map { Crops(pixels: pixels, margin: $0) }
                },
                settings: request.settings
            )
            return try output(report)
        }
    }

    /// What was detected, before it is selected.
    private struct Found {
        var detections: [Detection]
        /// Number of slices; nil if none were requested.
        var sliceCount: Int?
    }

    private func detect(
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

    /// Detects in slices of the picture and in the whole of it, in parallel, and joins what belongs together.
    private func detect(
        _ request: DetectionRequest,
        in image: ReducedImage,
        slices: Slices,
        _ stages: StageClock
    ) async throws -> Found {
        let options = request.settings.detectorOptions(width: image.width, height: image.height)
        let parts = try slices.parts(
            width: image.width,
            height: image.height,
            inputSide: options.inputSide ?? request.detector.model.inputSide
        )
        guard !parts.isEmpty else {
            return Found(
                detections: try await detect(request, in: image, mode: .throughput, stages),
                sliceCount: 0
            )
        }
        // Pictures take turns.
        let flow = "\(ObjectIdentifier(stages))"
        let mode = request.mode ?? .throughput
        let found = try await withThrowingTaskGroup(of: (Int, [Detection]).self) { group in
            for index in 0...parts.count {
                group.addTask {
                    try await self.slices.withSlot(flow: flow) {
                        guard index < parts.count else {
                            let whole = try await request.detector.detect(in: image, options: options, mode: mode)
                            return (index, whole.detections)
                        }
                        let part = ReducedImage(image.pixels, columns: parts[index].columns, rows: parts[index].rows)
                        var options = options
                        options.ignored = options.ignored.map { $0.moved(from: parts[index]) }
                        let result = try await request.detector.detect(in: part, options: options, mode: mode)
                        return (index, result.detections.map { $0.placed(from: parts[index], in: image) })
                    }
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        stages.end(.infer)
        let all = (0...parts.count).flatMap { found[$0] ?? [] }
        let merged = greedyMerging(all, classAgnostic: options.classAgnostic)
        stages.end(.postprocess)
        return Found(detections: merged, sliceCount: parts.count)
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
        try await work(in: queue, flow: flow, deadline: deadline, stages: stages, body)
    }

    private func work<Output: Sendable>(
        in admission: WorkQueue,
        flow: String,
        deadline: ContinuousClock.Instant?,
        stages: StageClock,
        _ body: @escaping @Sendable (_ mode: () -> PerformanceMode) async throws -> Output
    ) async throws -> Output {
        try await admission.withSlot(flow: flow, deadline: deadline) {
            stages.end(.queue)
            return try await withTaskExecutorPreference(workers) {
                // A single picture gets all cores; several get one each, which yields more pictures per second.
                try await body { queue.isAlone && slices.running == 0 ? .latency : .throughput }
            }
        }
    }

    private struct DecodedPicture {
        var image: ReducedImage
        var format = ImageFormat.png
        /// The file, if there is one, and how it was decoded.
        var file: (bytes: [UInt8], options: DecodingOptions)?
    }

    private func decode(
        _ picture: Picture,
        for request: DetectionRequest,
        _ stages: StageClock
    ) async throws -> DecodedPicture {
        defer { stages.end(.decode) }
        switch picture {
        case .pixels(let read): return DecodedPicture(image: ReducedImage(try read()))
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
        on pixels: RGBImage,
        _ pictureFormat: ImageFormat,
        as drawing: DetectionRequest.Drawing?,
        _ stages: StageClock
    ) throws -> DetectionReport.Drawn? {
        guard let drawing else { return nil }
        let drawn = try DetectionPainter(labels: drawing.labels).draw(detections, on: pixels)
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

extension Detection {
    /// The detection in pixels of the picture that a part was taken from.
    fileprivate func placed(from part: Slices.Part, in image: ReducedImage) -> Detection {
        var copy = self
        let (left, top) = (part.columns.lowerBound, part.rows.lowerBound)
        copy.box = box.moved(x: Float(left), y: Float(top))
        copy.mask = mask?.placed(left: left, top: top, imageWidth: image.width, imageHeight: image.height)
        return copy
    }
}

extension Region {
    /// The region in pixels of a part of the picture.
    fileprivate func moved(from part: Slices.Part) -> Region {
        transformed(x: 1, y: 1, left: -Double(part.columns.lowerBound), top: -Double(part.rows.lowerBound))
    }
}

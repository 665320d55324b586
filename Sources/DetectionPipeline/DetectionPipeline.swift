package import DecodeWorkers
internal import Imaging
internal import ObjectDetection
package import Scheduling
package import YOLO

/// Detects objects in encoded pictures.
///
/// All callers (HTTP, command line, evaluation) use it, so detections never depend on how they are returned.
package struct DetectionPipeline: Sendable {
    /// Decodes pictures, within their limits.
    package let decoder: PictureDecoder
    /// Admits the work; each picture holds one slot.
    package let queue: WorkQueue
    /// Threads that decode, draw and encode.
    package let workers: WorkerPool

    package init(decoder: PictureDecoder, queue: WorkQueue, workers: WorkerPool) {
        self.decoder = decoder
        self.queue = queue
        self.workers = workers
    }

    /// Detects objects in one picture.
    ///
    /// All work runs on one worker thread, because a change of threads means cold caches. If the task is cancelled, it
    /// stops before the next step.
    /// - Parameters:
    ///   - request: The model, what to keep, and whether to draw.
    ///   - deadline: Latest start; nil waits for a slot without limit.
    ///   - stages: Receives the duration of each step.
    ///   - read: Returns the encoded picture; may block.
    ///   - output: Turns the report into the caller's result, still in the slot and on the worker thread.
    /// - Returns: What `output` returns.
    /// - Throws: `SchedulingError` if the queue is full; `ImageError` if the picture cannot be decoded or drawn;
    ///   `InferenceError` if the network fails; errors of `read` and `output`.
    package func detect<Output: Sendable>(
        _ request: DetectionRequest,
        deadline: ContinuousClock.Instant? = nil,
        stages: StageClock = StageClock(start: .now),
        picture read: @escaping @Sendable () throws -> [UInt8],
        output: @escaping @Sendable (DetectionReport) throws -> Output
    ) async throws -> Output {
        let model = request.detector.model
        return try await work(flow: model.name, deadline: deadline, stages: stages) { mode in
            let bytes = try read()
            stages.end(.read)
            let picture = try await decode(bytes, for: request)
            stages.end(.decode)
            try Task.checkCancellation()

            let result = try await request.detector.detect(
                in: picture.image,
                options: request.settings.options,
                mode: request.mode ?? mode()
            )
            stages.end(.infer, but: result.stages)
            try Task.checkCancellation()

            let drawn = try await draw(result.detections, on: picture, bytes, as: request.drawing, stages)
            return try output(
                DetectionReport(
                    model: model,
                    width: picture.image.width,
                    height: picture.image.height,
                    detections: result.detections,
                    drawn: drawn,
                    isTruncated: picture.image.isTruncated,
                    settings: request.settings
                )
            )
        }
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
            return try await withTaskExecutorPreference(workers) {
                // A single picture gets all cores; several get one each, which yields more pictures per second.
                try await body { queue.isAlone ? .latency : .throughput }
            }
        }
    }

    private struct DecodedPicture {
        var image: ReducedImage
        var format: ImageFormat
        var options: DecodingOptions
    }

    private func decode(_ bytes: [UInt8], for request: DetectionRequest) async throws -> DecodedPicture {
        var options = decoder.options
        var side = request.detector.model.decodingSide
        if request.decoding == .asTrained {
            options.embeddedProfile = .ignore
            side = .max
        }
        let image = try await decoder.decode(bytes, options, forSide: side)
        return DecodedPicture(image: image, format: ImageFormat.sniff(bytes.span.bytes) ?? .png, options: options)
    }

    private func draw(
        _ detections: [Detection],
        on picture: DecodedPicture,
        _ bytes: [UInt8],
        as drawing: DetectionRequest.Drawing?,
        _ stages: StageClock
    ) async throws -> DetectionReport.Drawn? {
        guard let drawing else { return nil }
        var pixels = picture.image.pixels
        if picture.image.reduction > 1 {
            // Drawing needs full resolution; detection does not, and must see the same pixels as without drawing.
            pixels = try await decoder.decode(bytes, picture.options, forSide: .max).pixels
            stages.end(.decode)
        }
        let drawn = try DetectionPainter(labels: drawing.labels).draw(detections, on: pixels)
        stages.end(.draw)
        let format = drawing.format ?? (picture.format.isEncodable ? picture.format : .png)
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

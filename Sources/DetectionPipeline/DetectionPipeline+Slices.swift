internal import Imaging
internal import ObjectDetection
internal import Scheduling
internal import YOLO

extension DetectionPipeline {
    /// Detects in slices of the picture and in the whole of it, in parallel, and joins what belongs together.
    ///
    /// Each step takes its turn among the slices of all pictures. Parameters and errors as
    /// ``detect(_:deadline:stages:picture:output:)``.
    func detect<Output: Sendable>(
        _ request: DetectionRequest,
        in slices: Slices,
        deadline: ContinuousClock.Instant?,
        stages: StageClock,
        _ picture: Picture,
        _ output: @escaping @Sendable (DetectionReport) throws -> Output
    ) async throws -> Output {
        let flow = "\(ObjectIdentifier(stages))"
        return try await slicedPictures.withSlot(flow: request.detector.model.name, deadline: deadline) {
            stages.end(.queue)
            return try await withTaskExecutorPreference(workers) {
                let picture = try await self.slices.withSlot(flow: flow) {
                    try await decode(picture, for: request, stages)
                }
                let image = picture.image
                let options = request.settings.detectorOptions(width: image.width, height: image.height)
                let parts = try slices.parts(
                    width: image.width,
                    height: image.height,
                    inputSide: options.inputSide ?? request.detector.model.inputSide
                )
                let found = try await detect(request, in: image, parts, options, flow: flow)
                stages.end(.infer)
                return try await self.slices.withSlot(flow: flow) {
                    let merged =
                        parts.isEmpty ? found : try greedyMerging(found, classAgnostic: options.classAgnostic)
                    stages.end(.postprocess)
                    try Task.checkCancellation()
                    return try output(
                        try await report(merged, in: picture, sliceCount: parts.count, for: request, stages)
                    )
                }
            }
        }
    }

    /// Returns what is found in each part and in the whole picture: of very many detections, the best.
    private func detect(
        _ request: DetectionRequest,
        in image: ReducedImage,
        _ parts: [Slices.Part],
        _ options: DetectionOptions,
        flow: String
    ) async throws -> [Detection] {
        let maximumCount = min(max(1000, 4 * options.maximumDetections), 4000)
        // If the whole picture would be left over, on one of several streams, it gets all cores in the end.
        let streams = request.detector.model.streams
        let isLeftOver = streams > 1 && parts.count % streams == 0
        let found = try await withThrowingTaskGroup(of: [Detection].self) { group in
            for part in isLeftOver ? parts : parts as [Slices.Part?] + [nil] {
                group.addTask {
                    try await slices.withSlot(flow: flow) { try await detect(request, in: image, part, options) }
                }
            }
            // Masks are large, so they are dropped as others come in. Merging puts the rest in order.
            return try await group.reduce(into: []) { found, more in found = best(maximumCount, of: found + more) }
        }
        guard isLeftOver else { return found }
        let whole = try await slices.withSlot(flow: flow) {
            let isAlone = slices.running == 1 && queue.running == 0
            return try await detect(request, in: image, nil, options, mode: isAlone ? .latency : .throughput)
        }
        return best(maximumCount, of: found + whole)
    }

    /// Detects in a part of a picture, or the whole of it if there is none.
    private func detect(
        _ request: DetectionRequest,
        in image: ReducedImage,
        _ part: Slices.Part?,
        _ options: DetectionOptions,
        mode: PerformanceMode = .throughput
    ) async throws -> [Detection] {
        guard let part else {
            return try await request.detector.detect(in: image, options: options, mode: mode).detections
        }
        let (left, top) = (part.columns.lowerBound, part.rows.lowerBound)
        var options = options
        options.ignored = options.ignored.map { $0.transformed(x: 1, y: 1, left: -Double(left), top: -Double(top)) }
        let slice = ReducedImage(image.pixels, columns: part.columns, rows: part.rows)
        return try await request.detector.detect(in: slice, options: options, mode: mode).detections.map { detection in
            var placed = detection
            placed.box = detection.box.moved(x: Float(left), y: Float(top))
            placed.mask = detection.mask?.placed(
                left: left,
                top: top,
                imageWidth: image.width,
                imageHeight: image.height
            )
            return placed
        }
    }
}

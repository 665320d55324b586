public import Imaging
public import Inference
internal import ObjectDetection

/// A YOLO network that finds objects in pictures.
public final class YOLODetector: ObjectDetector {
    /// How a detector is set up.
    public struct Configuration: Sendable {
        /// Arithmetic, streams and threads; one picture alone gets all threads.
        public var compilation: CompileOptions
        /// Whether the network's input follows the picture's shape or is always square.
        public var isRectangular: Bool
        /// Folder for compiled networks; nil keeps none.
        public var cacheDirectory: String?

        /// Makes a configuration.
        public init(compilation: CompileOptions, isRectangular: Bool = true, cacheDirectory: String? = nil) {
            self.compilation = compilation
            self.isRectangular = isRectangular
            self.cacheDirectory = cacheDirectory
        }
    }

    /// What the detector is.
    public let model: ModelDescription
    /// Why the network runs as it was exported, with its own decoding; nil where it was cut at its heads.
    public let uncutReason: String?
    /// Why its compiled form is not kept for the next start; nil where it is, or is not to be.
    public var cacheFailure: String? { manyStreams.cacheFailure }

    private let manyStreams: CompiledModel
    /// All threads in one stream; the same where there is one thread or stream anyway.
    private let oneStream: CompiledModel
    private let layout: OutputLayout
    private let inputShape: Letterbox.Shape
    private let stride: Int

    /// Loads and compiles a model.
    ///
    /// - Parameters:
    ///   - file: A checkpoint or an export.
    ///   - configuration: How to set it up.
    ///   - runtime: The runtime that runs it.
    /// - Throws: `InferenceError` when the file cannot be read or holds no network of the forms known.
    public init(file: ModelFile, configuration: Configuration, runtime: Runtime) throws {
        let sha256 = try file.sha256()
        let network = try Network(file: file, runtime: runtime)
        let fixedShape = try network.isDynamic ? nil : network.fixedShape
        try network.model.takePixels(dynamicSize: network.isDynamic)
        // A folder for each file, so that what is cached for one that is gone can go too.
        let cache = configuration.cacheDirectory.map { "\($0)/\(sha256)" }
        var compilation = configuration.compilation
        manyStreams = try network.model.compile(compilation, cacheDirectory: cache)
        if compilation.streams > 1, compilation.threads > 1 {
            compilation.streams = 1
            oneStream = try network.model.compile(compilation, cacheDirectory: cache)
        } else {
            oneStream = manyStreams
        }
        layout = network.layout
        stride = network.stride
        uncutReason = network.uncutReason
        inputShape = fixedShape ?? (configuration.isRectangular ? .rectangular : .square)
        model = ModelDescription(
            name: file.name,
            task: layout.maskCoefficientCount > 0 ? .segment : .detect,
            labels: LabelMap(network.labels),
            inputSide: network.inputSide,
            isRectangular: inputShape == .rectangular,
            precision: manyStreams.precision,
            streams: configuration.compilation.streams,
            format: file.format,
            sha256: sha256,
            cost: network.cost
        )
    }

    /// Finds the objects in a picture.
    public func detect(
        in image: ReducedImage,
        options: DetectionOptions,
        mode: PerformanceMode = .throughput
    ) async throws -> DetectionResult {
        let letterbox = letterbox(imageWidth: image.width, imageHeight: image.height)
        return try await compiled(for: mode).withRequest { request in
            let start = ContinuousClock.now
            try request.withInputPixels(height: letterbox.height, width: letterbox.width) { pixels in
                letterbox.draw(image, into: pixels)
            }
            let fitted = ContinuousClock.now
            try await request.infer()
            let inferred = ContinuousClock.now
            return try request.withOutputs { outputs in
                let (detections, sources) = self.detections(in: outputs, letterbox: letterbox, options: options)
                var result = DetectionResult(
                    detections: detections,
                    letterbox: fitted - start,
                    inference: inferred - fitted,
                    postprocessing: ContinuousClock.now - inferred
                )
                if options.masks, model.task == .segment { try addMasks(to: &result, outputs, sources, letterbox) }
                return result
            }
        }
    }

    /// Adds a mask to each detection.
    private func addMasks(
        to result: inout DetectionResult,
        _ outputs: [OutputTensor],
        _ sources: [CoefficientSource],
        _ letterbox: Letterbox
    ) throws {
        let start = ContinuousClock.now
        let decoder = MaskDecoder(prototypes: outputs[outputs.count - 1], letterbox: letterbox)
        for (index, source) in sources.enumerated() {
            // Hundreds of masks in a huge picture take a while.
            try Task.checkCancellation()
            let coefficients = source.coefficients(in: outputs, count: layout.maskCoefficientCount)
            result.detections[index].mask = decoder.mask(in: result.detections[index].box, coefficients: coefficients)
        }
        result.masks = ContinuousClock.now - start
    }

    /// What is kept of a network's answer, in pixels of the picture, best first, and where its coefficients are.
    private func detections(
        in outputs: [OutputTensor],
        letterbox: Letterbox,
        options: DetectionOptions
    ) -> (detections: [Detection], sources: [CoefficientSource]) {
        let candidates = CandidateDecoder(layout: layout, options: options).candidates(in: outputs)
        let kept = nonMaximumSuppression(
            candidates.detections,
            iouThreshold: options.iouThreshold,
            maximumCount: options.maximumDetections,
            classAgnostic: options.classAgnostic
        )
        let detections = kept.map { index in
            var detection = candidates.detections[index]
            detection.box = letterbox.imageBox(from: detection.box)
            return detection
        }
        return (detections, candidates.sources.isEmpty ? [] : kept.map { candidates.sources[$0] })
    }

    private func compiled(for mode: PerformanceMode) -> CompiledModel {
        switch mode {
        case .latency: oneStream
        case .throughput: manyStreams
        }
    }

    /// Runs the network once a stream on each common shape of picture, so that no request pays for the first run.
    public func warmUp() async throws {
        let side = Double(model.inputSide)
        let shapes = [(1.0, 1.0), (1.0, 0.75), (0.75, 1.0), (1.0, 0.67), (0.67, 1.0)]
        for (width, height) in shapes.prefix(model.isRectangular ? shapes.count : 1) {
            let (width, height) = (Int(side * width), Int(side * height))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<model.streams {
                    group.addTask { try await self.runNetwork(imageWidth: width, imageHeight: height) }
                }
                try await group.waitForAll()
            }
            if oneStream !== manyStreams {
                try await runNetwork(imageWidth: width, imageHeight: height, mode: .latency)
            }
        }
    }

    /// Runs nothing but the network, on grey in the shape that it has for pictures of the given size.
    ///
    /// What is left of a request when all else is taken away: benchmarks compare with it.
    public func runNetwork(imageWidth: Int, imageHeight: Int, mode: PerformanceMode = .throughput) async throws {
        let letterbox = letterbox(imageWidth: imageWidth, imageHeight: imageHeight)
        try await compiled(for: mode).withRequest { request in
            try request.withInputPixels(height: letterbox.height, width: letterbox.width) { pixels in
                pixels.update(repeating: Letterbox.paddingLevel)
            }
            try await request.infer()
        }
    }

    private func letterbox(imageWidth: Int, imageHeight: Int) -> Letterbox {
        Letterbox(
            imageWidth: imageWidth,
            imageHeight: imageHeight,
            side: model.inputSide,
            shape: inputShape,
            stride: stride
        )
    }
}

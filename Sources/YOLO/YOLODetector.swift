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
        /// Runs work that keeps a thread busy for a second, some time later.
        ///
        /// With it the network is compiled again for the shapes of pictures that come most, which makes it faster.
        public var background: (@Sendable (_ work: @escaping @Sendable () -> Void) -> Void)?

        /// Makes a configuration.
        public init(
            compilation: CompileOptions,
            isRectangular: Bool = true,
            cacheDirectory: String? = nil,
            background: (@Sendable (_ work: @escaping @Sendable () -> Void) -> Void)? = nil
        ) {
            self.compilation = compilation
            self.isRectangular = isRectangular
            self.cacheDirectory = cacheDirectory
            self.background = background
        }
    }

    /// What the detector is.
    public let model: ModelDescription
    /// Why the network runs as it was exported, with its own decoding; nil where it was cut at its heads.
    public let uncutReason: String?
    /// Why its compiled form is not kept for the next start; nil where it is, or is not to be.
    public var cacheFailure: String? { network.general.cacheFailure }

    private let network: ShapedNetwork
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
        // A folder for each file, so that what is cached for one that is gone can go too.
        let cache = configuration.cacheDirectory.map { "\($0)/\(sha256)" }
        self.network = try ShapedNetwork(
            network,
            configuration.compilation,
            cacheDirectory: cache,
            background: configuration.background
        )
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
            precision: self.network.general.precision,
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
        return try await compiled(for: letterbox, mode).withRequest { request in
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

    private func compiled(for letterbox: Letterbox, _ mode: PerformanceMode) -> CompiledModel {
        network.compiled(for: ShapedNetwork.Shape(height: letterbox.height, width: letterbox.width), mode)
    }

    /// Runs the network once a stream on each common shape of picture, so that no request pays for the first run.
    public func warmUp() async throws {
        let side = Double(model.inputSide)
        let shapes = [(1.0, 1.0), (1.0, 0.75), (0.75, 1.0), (1.0, 0.67), (0.67, 1.0)]
        for (width, height) in shapes.prefix(model.isRectangular ? shapes.count : 1) {
            let letterbox = letterbox(imageWidth: Int(side * width), imageHeight: Int(side * height))
            for mode in network.general.modes {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<(mode == .throughput ? model.streams : 1) {
                        group.addTask { try await self.run(self.network.general[mode], letterbox) }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    /// Runs nothing but the network, on grey in the shape that it has for pictures of the given size.
    ///
    /// What is left of a request when all else is taken away: benchmarks compare with it.
    public func runNetwork(imageWidth: Int, imageHeight: Int) async throws {
        let letterbox = letterbox(imageWidth: imageWidth, imageHeight: imageHeight)
        try await run(compiled(for: letterbox, .throughput), letterbox)
    }

    /// Compiles the network for the shape that it has for pictures of the given size, for who knows that many will come.
    ///
    /// Keeps the thread busy for some tenths of a second.
    public func fixShape(imageWidth: Int, imageHeight: Int) {
        let letterbox = letterbox(imageWidth: imageWidth, imageHeight: imageHeight)
        network.fix(ShapedNetwork.Shape(height: letterbox.height, width: letterbox.width))
    }

    private func run(_ compiled: CompiledModel, _ letterbox: Letterbox) async throws {
        try await compiled.withRequest { request in
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

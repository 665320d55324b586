package import Imaging
package import Inference
internal import ObjectDetection

/// Detects objects in pictures with a YOLO network.
package final class YOLODetector: ObjectDetector {
    /// Configuration of a detector.
    package struct Configuration: Sendable {
        /// Precision, streams and threads; in latency mode, one picture uses all threads.
        package var compilation: CompileOptions
        /// Whether the network's input follows the picture's shape or is always square.
        package var isRectangular: Bool
        /// Directory that caches compiled networks; nil disables caching.
        package var cacheDirectory: String?
        /// Runs work later, on a thread that it may block for a second.
        ///
        /// Used to compile the network again for the most frequent picture shapes, which makes it faster; nil disables
        /// this.
        package var background: (@Sendable (_ work: @escaping @Sendable () -> Void) -> Void)?

        package init(
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

    /// Description of the loaded model.
    package let model: ModelDescription
    /// Why the network runs as exported, with its own decoding; nil if it was cut at its heads, or is dynamic and
    /// anchor-free.
    package let uncutReason: String?
    /// Why the compiled network was not cached for the next start; nil if it was, or if caching is disabled.
    package var cacheFailure: String? { network.general.cacheFailure }

    private let loadTensors: @Sendable () throws(YOLOError) -> TensorNetwork
    private let network: ShapedNetwork
    private let layout: OutputLayout
    private let format: InputFormat
    private let inputShape: Letterbox.Shape
    private let stride: Int

    /// Loads and compiles a model.
    ///
    /// - Parameters:
    ///   - file: A checkpoint or an export.
    ///   - configuration: Configuration of the detector.
    ///   - runtime: Runtime that runs the network.
    /// - Throws: ``YOLOError`` if the file cannot be read or does not hold a supported network, or if this machine
    ///   cannot run it.
    package init(file: ModelFile, configuration: Configuration, runtime: Runtime) throws(YOLOError) {
        let source = try ModelSource(file, runtime: runtime)
        let sha256 = source.sha256
        let network = try Network(source, runtime: runtime)
        let fixedShape = try network.isDynamic ? nil : network.fixedShape
        // Each model file has its own folder, so that the cache of a removed file can be removed too.
        let cache = configuration.cacheDirectory.map { "\($0)/\(sha256)" }
        var compilation = configuration.compilation
        compilation.device = source.settings.device ?? compilation.device
        // bfloat16 has 8 significant bits: in a transformer, where boxes pass through its layers, that is up to 2 pixels.
        if network.family?.isTransformer == true, compilation.precision == .auto { compilation.precision = .f32 }
        self.network = try YOLOError.wrapping {
            try ShapedNetwork(
                network,
                compilation,
                cacheDirectory: cache,
                background: configuration.background
            )
        }
        loadTensors = { [compilation] () throws(YOLOError) in
            let again = try ModelSource(file, runtime: runtime)
            guard again.sha256 == sha256 else {
                throw YOLOError(.failed, "its file has changed since it was loaded; try again in a few seconds")
            }
            return try TensorNetwork(again, compilation: compilation, cacheDirectory: cache, runtime: runtime)
        }
        layout = network.layout
        format = network.format
        stride = network.stride
        uncutReason = network.uncutReason
        inputShape = fixedShape ?? (configuration.isRectangular ? .rectangular : .square)
        model = ModelDescription(
            name: file.name,
            task: layout.hasMasks ? .segment : .detect,
            labels: LabelMap(network.labels),
            inputSide: network.inputSide,
            stride: fixedShape == nil ? network.stride : nil,
            // Stretched pictures need as much resolution along their shorter side, which is rarely less than half as long.
            decodingScale: network.format.placement == .stretched ? 2 : 1,
            isRectangular: inputShape == .rectangular,
            precision: self.network.general.precision,
            device: self.network.general.devices,
            streams: configuration.compilation.streams,
            format: file.format,
            sha256: sha256,
            cost: network.cost
        )
    }

    /// Loads the network as its file defines it; takes as long as loading the model.
    package func tensors() throws(YOLOError) -> TensorNetwork { try loadTensors() }

    /// Detects the objects in a picture.
    package func detect(
        in image: ReducedImage,
        options: DetectionOptions,
        mode: PerformanceMode = .throughput
    ) async throws -> DetectionResult {
        let letterbox = letterbox(imageWidth: image.width, imageHeight: image.height, side: options.inputSide)
        return try await compiled(for: letterbox, mode).withRequest { request in
            let start = ContinuousClock.now
            try request.withInputPixels(height: letterbox.height, width: letterbox.width) { pixels in
                letterbox.draw(image, into: pixels)
                for region in options.ignored { letterbox.fill(region, in: pixels) }
            }
            let fitted = ContinuousClock.now
            try await request.infer()
            let inferred = ContinuousClock.now
            return try request.withOutputs { outputs in
                try layout.check(outputs, height: letterbox.height, width: letterbox.width)
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
        let masks = outputs[outputs.count - 1]
        let shared =
            layout.hasMaskPerBox ? nil : MaskDecoder(prototypes: masks, letterbox: letterbox, isExact: format.isExact)
        for (index, source) in sources.enumerated() {
            // Decoding hundreds of masks in a huge picture takes a while.
            try Task.checkCancellation()
            let box = result.detections[index].box
            if let shared {
                let coefficients = source.coefficients(in: outputs, count: layout.maskCoefficientCount)
                result.detections[index].mask = shared.mask(in: box, coefficients: coefficients)
            } else {
                let own = MaskDecoder(prototypes: masks.plane(source.offset), letterbox: letterbox, isExact: true)
                result.detections[index].mask = own.mask(in: box, coefficients: [1])
            }
        }
        result.masks = ContinuousClock.now - start
    }

    /// Returns the detections to keep, in pixels of the picture, best first, and the locations of their coefficients.
    private func detections(
        in outputs: [OutputTensor],
        letterbox: Letterbox,
        options: DetectionOptions
    ) -> (detections: [Detection], sources: [CoefficientSource]) {
        let candidates = CandidateDecoder(layout: layout, options: options).candidates(in: outputs)
        let kept = nonMaximumSuppression(
            candidates.detections,
            // An overlap is never greater than 1.
            iouThreshold: layout.selection == .suppressed ? options.iouThreshold : 1,
            maximumCount: options.maximumDetections,
            classAgnostic: options.classAgnostic
        )
        let detections = kept.map { index in
            var detection = candidates.detections[index]
            detection.box =
                format.isExact
                ? letterbox.exactImageBox(from: detection.box) : letterbox.imageBox(from: detection.box)
            return detection
        }
        return (detections, candidates.sources.isEmpty ? [] : kept.map { candidates.sources[$0] })
    }

    private func compiled(for letterbox: Letterbox, _ mode: PerformanceMode) -> CompiledModel {
        network.compiled(for: ShapedNetwork.Shape(height: letterbox.height, width: letterbox.width), mode)
    }

    /// Runs the network once per stream on each common picture shape, so that no request pays for a first run.
    package func warmUp() async throws {
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

    /// Runs only the network, on a grey input of the shape used for pictures of the given size.
    ///
    /// Benchmarks compare complete requests with it.
    package func runNetwork(imageWidth: Int, imageHeight: Int) async throws {
        let letterbox = letterbox(imageWidth: imageWidth, imageHeight: imageHeight)
        try await run(compiled(for: letterbox, .throughput), letterbox)
    }

    /// Compiles the network for the input shape of pictures of the given size; call it when many are expected.
    ///
    /// Blocks the thread for some tenths of a second.
    package func fixShape(imageWidth: Int, imageHeight: Int) {
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

    private func letterbox(imageWidth: Int, imageHeight: Int, side: Int? = nil) -> Letterbox {
        Letterbox(
            imageWidth: imageWidth,
            imageHeight: imageHeight,
            side: side ?? model.inputSide,
            shape: inputShape,
            stride: stride,
            placement: format.placement,
            margin: format.margin,
            antialiases: format.antialiases
        )
    }
}

public import Imaging
public import Inference
internal import ObjectDetection

/// A YOLOv5 network that finds objects in pictures.
public final class YOLODetector: ObjectDetector {
    /// How a detector is set up.
    public struct Configuration: Sendable {
        /// Arithmetic, streams and threads.
        public var compilation: CompileOptions
        /// Whether the network's input follows the picture's shape or is always square.
        public var inputShape: Letterbox.Shape

        /// Makes a configuration.
        public init(compilation: CompileOptions, inputShape: Letterbox.Shape = .rectangular) {
            self.compilation = compilation
            self.inputShape = inputShape
        }
    }

    /// How the network's outputs are read.
    private enum Outputs {
        /// One output a head, in the heads' order.
        case heads([DetectionHead])
        /// One output with every box decoded, as the export made it.
        case boxes
    }

    /// What the detector is.
    public let model: ModelDescription
    /// Why the network runs as it was exported, with a fixed input and its own decoding; nil where it was cut at its
    /// heads.
    public let uncutReason: String?

    private let compiled: CompiledModel
    private let outputs: Outputs
    private let inputShape: Letterbox.Shape
    private let stride: Int
    private let streams: Int

    /// Loads and compiles a model.
    ///
    /// - Parameters:
    ///   - file: A YOLOv5 export: an ONNX file, or the .xml file of an OpenVINO IR.
    ///   - name: The name to serve it by.
    ///   - configuration: How to set it up.
    ///   - runtime: The runtime that runs it.
    /// - Throws: `InferenceError` when the file cannot be read or is no YOLOv5 detection network.
    public init(file: String, name: String, configuration: Configuration, runtime: Runtime) throws {
        let export = try Model(path: file, runtime: runtime)
        guard let input = export.inputs.first ?? nil, export.inputs.count == 1, input.rank == 4, input[1] == 3 else {
            throw InferenceError(.invalidModel, "\(name) does not take one picture [1, 3, height, width]")
        }
        let sites = try DetectionHead.sites(in: export)
        let network = sites.isEmpty ? export : try export.cut(at: sites.map(\.port))
        if let last = sites.last {
            outputs = .heads(sites.map(\.head))
            stride = last.head.stride
            inputShape = configuration.inputShape
            uncutReason = nil
        } else {
            guard let boxes = export.outputs.first ?? nil, boxes.rank == 3, let values = boxes[2], values > 5 else {
                throw InferenceError(.invalidModel, "\(name) does not answer as YOLOv5 does: [1, boxes, 5 + classes]")
            }
            guard let height = input[2], height == input[3], height.isMultiple(of: 32) else {
                throw InferenceError(
                    .invalidModel,
                    "\(name) has no heads to cut at, so its input must be square, and a multiple of 32"
                )
            }
            outputs = .boxes
            stride = 32
            inputShape = .square
            uncutReason = "its detection heads were not found in the graph; it runs whole, at \(height)x\(height)"
        }
        try network.takePixels(dynamicSize: !sites.isEmpty)
        compiled = try network.compile(configuration.compilation)
        streams = configuration.compilation.streams

        let classCount = sites.first?.head.classCount ?? ((export.outputs.first ?? nil)?[2] ?? 5) - 5
        let names = export.metadata("names").flatMap(ClassNames.parse) ?? []
        model = ModelDescription(
            name: name,
            labels: LabelMap((0..<classCount).map { $0 < names.count ? names[$0] : "class \($0)" }),
            inputSide: max(input[2] ?? 640, input[3] ?? 640),
            isRectangular: inputShape == .rectangular,
            precision: compiled.precision
        )
    }

    /// Finds the objects in a picture.
    public func detect(in image: RGBImage, options: DetectionOptions) async throws -> DetectionResult {
        let letterbox = letterbox(imageWidth: image.width, imageHeight: image.height)
        return try await compiled.withRequest { request in
            let start = ContinuousClock.now
            try request.withInputPixels(height: letterbox.height, width: letterbox.width) { pixels in
                letterbox.draw(image, into: pixels)
            }
            let fitted = ContinuousClock.now
            try await request.infer()
            let inferred = ContinuousClock.now
            let candidates = try request.withOutputs { self.candidates(in: $0, options: options) }
            let kept = nonMaximumSuppression(
                candidates,
                iouThreshold: options.iouThreshold,
                maximumCount: options.maximumDetections,
                classAgnostic: options.classAgnostic
            )
            let detections = kept.map { detection in
                var detection = detection
                detection.box = letterbox.imageBox(from: detection.box)
                return detection
            }
            return DetectionResult(
                detections: detections,
                letterbox: fitted - start,
                inference: inferred - fitted,
                postprocessing: ContinuousClock.now - inferred
            )
        }
    }

    /// Runs the network once a stream on each common shape of picture, so that no request pays for the first run.
    public func warmUp() async throws {
        let side = Double(model.inputSide)
        for (width, height) in [(1.0, 0.75), (0.75, 1.0), (1.0, 1.0), (1.0, 0.67), (0.67, 1.0)] {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<streams {
                    group.addTask {
                        try await self.runNetwork(imageWidth: Int(side * width), imageHeight: Int(side * height))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Runs nothing but the network, on grey in the shape that it has for pictures of the given size.
    ///
    /// What is left of a request when all else is taken away: benchmarks compare with it.
    public func runNetwork(imageWidth: Int, imageHeight: Int) async throws {
        let letterbox = letterbox(imageWidth: imageWidth, imageHeight: imageHeight)
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

    private func candidates(in tensors: [OutputTensor], options: DetectionOptions) -> [Detection] {
        let decoder = CandidateDecoder(options: options)
        var candidates: [Detection] = []
        switch outputs {
        case .heads(let heads):
            for (tensor, head) in zip(tensors, heads) { decoder.decode(tensor, of: head, into: &candidates) }
        case .boxes:
            decoder.decode(boxes: tensors[0], into: &candidates)
        }
        return candidates
    }
}

package import DetectionPipeline
internal import Inference
internal import JSONSchema
internal import ModelServing
internal import ObjectDetection
internal import Scheduling
internal import YOLO

/// The models as the Open Inference Protocol knows them: of each, the network as its file defines it (`NAME`), and
/// detection in pictures (`NAME-detect`).
package struct InferenceModels: Sendable {
    /// One of a model's two sides.
    enum Side: Sendable {
        case tensors
        case detections
    }

    /// A model that a request names.
    package struct Reference: Sendable {
        /// Name in the protocol.
        package var name: String
        var side: Side
        var detector: any ObjectDetector
    }

    /// An input or output.
    package struct Port: Sendable {
        package var name: String
        package var type: TensorType
        /// -1 for a size that depends on the request.
        package var shape: [Int]
    }

    static let detectionSuffix = "-detect"
    /// There is one version of each model.
    package static let version = "1"

    /// The answer to clients that send a model's files.
    package static let filesRejected = Problem(
        .forbidden,
        "Models are files in the service's folder; they cannot be sent."
    )

    let service: DialectService
    package let statistics = InferenceStatistics()

    /// Names of all models: the networks first, and of these the default one, because YOLOv5's client uses the first.
    package var names: [String] {
        let all = service.models.models.map(\.name)
        let first = all.filter { $0 == service.models.defaultName }
        let networks = first + all.filter { $0 != service.models.defaultName }
        return networks + networks.map { $0 + Self.detectionSuffix }.filter { !networks.contains($0) }
    }

    /// Returns a model.
    ///
    /// - Throws: `ModelServingError` with `unknownModel`; ``Problem`` for a version other than 1.
    package func reference(_ name: String, version: String?) throws -> Reference {
        guard version ?? Self.version == Self.version || version == "" else {
            throw Problem(.notFound, "There is only version \(Self.version) of each model.")
        }
        let own = try modelName(of: name)
        let side: Side = own == name ? .tensors : .detections
        return Reference(name: name, side: side, detector: try service.models.detector(named: own))
    }

    /// The name of a model's file.
    ///
    /// - Throws: ``Problem`` for a name that is too long for a file's: comparing it could take seconds.
    private func modelName(of name: String) throws(Problem) -> String {
        guard name.utf8.count <= 4 * ModelFile.maximumNameLength + Self.detectionSuffix.utf8.count else {
            throw Problem(.notFound, "There is no model of such a long name.")
        }
        guard name.hasSuffix(Self.detectionSuffix), !service.models.hasModel(named: name) else { return name }
        return String(name.dropLast(Self.detectionSuffix.count))
    }

    /// Loads a model by its name in the protocol; see `ModelRegistry.load(_:)`.
    package func load(_ name: String) async throws { try await service.models.load(try modelName(of: name)) }

    /// Unloads a model by its name in the protocol; see `ModelRegistry.unload(_:)`.
    package func unload(_ name: String) async throws { try await service.models.unload(try modelName(of: name)) }

    /// Inputs and outputs of a model.
    package func ports(
        of reference: Reference
    ) async throws -> (inputs: [Port], outputs: [Port], metadata: [String: String]) {
        switch reference.side {
        case .tensors:
            let network = try await service.models.tensors(named: reference.name)
            return (network.inputs.map(Port.init), network.outputs.map(Port.init), network.metadata)
        case .detections: return ([PictureDetections.input], PictureDetections.outputs, [:])
        }
    }

    /// The configuration of a model.
    package func configuration(of reference: Reference) async throws -> InferenceConfiguration {
        let (inputs, outputs, metadata) = try await ports(of: reference)
        return InferenceConfiguration(
            name: reference.name,
            inputs: inputs,
            outputs: outputs,
            task: reference.detector.model.task,
            metadata: metadata
        )
    }

    /// Runs a model.
    ///
    /// - Parameters:
    ///   - request: The tensors.
    ///   - reference: The model.
    ///   - context: Deadline and stages of the request.
    ///   - write: Writes the answer; the outputs are valid only during the call.
    /// - Returns: What `write` returns.
    /// - Throws: ``Problem`` or `ValidationErrors` for tensors that the model does not take; errors of the pipeline.
    package func infer<Result: Sendable>(
        _ request: InferenceRequest,
        with reference: Reference,
        context: InferenceContext,
        write: @escaping @Sendable ([TensorView]) throws -> Result
    ) async throws -> Result {
        let clock = InferenceClock()
        do {
            let result =
                switch reference.side {
                case .tensors: try await inferTensors(request, with: reference, context, clock, write)
                case .detections: try await detect(request, with: reference, context, clock, write)
                }
            statistics.count(clock, of: reference.name, failed: false)
            return result
        } catch {
            statistics.count(clock, of: reference.name, failed: true)
            throw error
        }
    }

    private func inferTensors<Result: Sendable>(
        _ request: InferenceRequest,
        with reference: Reference,
        _ context: InferenceContext,
        _ clock: InferenceClock,
        _ write: @escaping @Sendable ([TensorView]) throws -> Result
    ) async throws -> Result {
        let network = try await service.models.tensors(named: reference.name)
        let inputs = try network.inputs.map { port in
            let port = Port(port)
            let input = try request.input(named: port.name, of: network.inputs.map(\.name))
            try input.check(port)
            return input
        }
        let outputs = try request.outputIndices(of: network.outputs.map(\.name))
        return try await service.detection.pipeline.work(
            flow: reference.detector.model.name,
            deadline: context.deadline,
            stages: context.stages
        ) { mode in
            clock.end(.queue)
            return try await network.infer(mode: mode()) { index, memory in
                try inputs[index].contents(of: network.inputs[index].element, to: memory)
                if index == inputs.count - 1 {
                    context.stages.end(.read)
                    clock.end(.input)
                }
            } output: { values in
                context.stages.end(.infer)
                clock.end(.inference)
                let views = outputs.map { index in
                    TensorView(
                        name: network.outputs[index].name,
                        type: .element(network.outputs[index].element),
                        shape: values[index].dimensions,
                        bytes: values[index].bytes
                    )
                }
                defer {
                    context.stages.end(.write)
                    clock.end(.output)
                }
                return try write(views)
            }
        }
    }

    private func detect<Result: Sendable>(
        _ request: InferenceRequest,
        with reference: Reference,
        _ context: InferenceContext,
        _ clock: InferenceClock,
        _ write: @escaping @Sendable ([TensorView]) throws -> Result
    ) async throws -> Result {
        // Numbers in JSON take seconds, in a request of the largest size.
        let pictures = try await service.bodies.workers.run { try request.pictures() }
        let outputs = try request.outputIndices(of: PictureDetections.outputs.map(\.name))
        let settings = try request.detectionSettings(for: reference.detector.model)
        clock.end(.input)
        var found: [[Detection]] = []
        for picture in pictures {
            let detections = try await service.detection.pipeline.detect(
                DetectionRequest(reference.detector, settings: settings),
                deadline: context.deadline,
                stages: context.stages,
                picture: picture
            ) { report in
                service.detection.count(report.detections.count, of: report.model.name)
                return report.detections
            }
            found.append(detections)
        }
        clock.end(.inference)
        defer { clock.end(.output) }
        return try PictureDetections(found).withViews { views in try write(outputs.map { views[$0] }) }
    }
}

extension InferenceModels.Port {
    init(_ port: TensorNetwork.Port) {
        self.init(name: port.name, type: .element(port.element), shape: port.dimensions.map { $0 ?? -1 })
    }
}

/// What a request brings along, whatever it came by.
package struct InferenceContext: Sendable {
    package var deadline: ContinuousClock.Instant
    package var stages: StageClock

    package init(deadline: ContinuousClock.Instant, stages: StageClock) {
        self.deadline = deadline
        self.stages = stages
    }
}

/// An output, valid only while it is written.
package struct TensorView {
    package var name: String
    package var type: TensorType
    package var shape: [Int]
    package var bytes: UnsafeRawBufferPointer
}

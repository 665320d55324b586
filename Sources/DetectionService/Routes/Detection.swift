internal import CoreMetrics
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import Inference
internal import NIOCore
internal import ObjectDetection
internal import YOLO

extension ServiceComponents {
    /// Reads the options of a detection from a body or a query.
    func detectionRequest(_ call: Call, values: Values, at location: String, drawn: String) throws -> DetectionRequest {
        let detector = try models.detector(named: values.string("model"))
        let options = try values.detectionOptions(for: detector.model, at: location)
        let choice = try call.negotiated(from: ["application/json"] + ImageFormat.encodable.map(\.mediaType))
        let form: DetectionRequest.Form =
            if let format = ImageFormat.encodable.first(where: { $0.mediaType == choice }) {
                .drawn(format)
            } else {
                .json(drawn: ImageFormat(name: values.string("image") ?? drawn))
            }
        return DetectionRequest(
            detector: detector,
            options: options,
            masks: values.maskForm,
            polygonTolerance: values.number("polygon_tolerance") ?? 0,
            form: form
        )
    }

    /// Detects objects in one picture, inside a slot of the queue.
    ///
    /// - Parameters:
    ///   - wanted: How to detect and how to answer.
    ///   - call: The request that it is for.
    ///   - imageID: The picture's id, if it has one.
    ///   - read: Gives the picture's bytes; runs on a worker thread.
    /// - Returns: The answer: JSON, or the drawn picture.
    /// - Throws: `ImageError` for a picture that cannot be read, ``Problem`` where there is none or the queue is full.
    func detect(
        _ wanted: DetectionRequest,
        call: Call,
        imageID: String?,
        read: @escaping @Sendable () throws -> [UInt8]
    ) async throws -> [UInt8] {
        let stages = call.context.stages
        let start = ContinuousClock.now
        let model = wanted.detector.model
        return try await withSlot(call.context, flow: model.name) {
            // All on one thread that may be kept busy: each change of threads finds cold caches behind a network.
            try await withTaskExecutorPreference(workerExecutor) {
                let bytes = try read()
                stages.end(.read)
                // To be drawn on it is needed whole.
                let isDrawn = wanted.form.drawnFormat != nil
                let image = isDrawn ? try ReducedImage(decode(bytes)) : try decode(bytes, forSide: model.inputSide)
                stages.end(.decode)
                try Task.checkCancellation()
                // One picture alone gets all cores; several get one each, which does more of them a second.
                let mode: PerformanceMode = queue.isAlone ? .latency : .throughput
                let result = try await wanted.detector.detect(in: image, options: wanted.options, mode: mode)
                stages.end(.infer, but: result.stages)
                count(result.detections, of: model)
                try Task.checkCancellation()

                let drawn = try wanted.form.drawnFormat.map { format in
                    let picture = try DetectionPainter(labels: model.labels).draw(result.detections, on: image.pixels)
                    stages.end(.draw)
                    let bytes = try picture.encoded(as: format)
                    stages.end(.encode)
                    return bytes
                }
                if case .drawn = wanted.form, let drawn { return drawn }
                let body = DetectionBody(
                    requestID: call.context.requestID,
                    computeTime: (ContinuousClock.now - start) / .seconds(1),
                    imageID: imageID,
                    image: image,
                    drawn: drawn,
                    detections: result.detections,
                    wanted: wanted
                )
                var json = JSONWriter()
                try body.write(to: &json, maximumBytes: settings.maximumBodyBytes + (drawn?.count ?? 0) * 4 / 3)
                stages.end(.write)
                return json.bytes
            }
        }
    }

    /// Answers with what was found in one picture.
    func answer(_ bytes: [UInt8], _ form: DetectionRequest.Form) throws -> Response {
        switch form {
        case .json: try answer(bytes, headers: [.contentType: "application/json"])
        case .drawn(let format): try answer(bytes, headers: [.contentType: format.mediaType, .vary: "Accept"])
        }
    }

    private func count(_ detections: [Detection], of model: ModelDescription) {
        let labels = [("model", model.name)]
        metrics.makeCounter(label: ServiceMetrics.pictures, dimensions: labels).increment(by: 1)
        metrics.makeCounter(label: ServiceMetrics.detections, dimensions: labels)
            .increment(by: Int64(detections.count))
    }
}

extension DetectionResult {
    /// What of the detector's time was not the network's.
    fileprivate var stages: [(stage: Stage, duration: Duration)] {
        let stages: [(stage: Stage, duration: Duration)] = [(.letterbox, letterbox), (.postprocess, postprocessing)]
        return masks > .zero ? stages + [(.masks, masks)] : stages
    }
}

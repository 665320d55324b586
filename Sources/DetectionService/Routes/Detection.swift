internal import CoreMetrics
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
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
        return try await withSlot(stages) {
            let image = try await work {
                let bytes = try read()
                return try stages.time(.decode) { try decode(bytes) }
            }
            try Task.checkCancellation()
            let result = try await withTaskExecutorPreference(workerExecutor) {
                try await wanted.detector.detect(in: image, options: wanted.options)
            }
            stages.add(result.letterbox, to: .letterbox)
            stages.add(result.inference, to: .infer)
            stages.add(result.postprocessing, to: .postprocess)
            if result.masks > .zero { stages.add(result.masks, to: .masks) }
            count(result.detections, of: wanted.detector.model)

            return try await work {
                var drawn: [UInt8] = []
                if let format = wanted.form.drawnFormat {
                    drawn = try draw(result.detections, on: image, as: format, wanted.detector.model, stages: stages)
                }
                if case .drawn = wanted.form { return drawn }
                let body = DetectionBody(
                    requestID: call.context.requestID,
                    computeTime: (ContinuousClock.now - start) / .seconds(1),
                    imageID: imageID,
                    image: image,
                    drawn: drawn.isEmpty ? nil : Data(drawn).base64EncodedString(),
                    detections: result.detections,
                    wanted: wanted
                )
                var json = JSONWriter()
                try body.write(to: &json, maximumBytes: settings.maximumBodyBytes + drawn.count * 4 / 3)
                return json.bytes
            }
        }
    }

    /// The picture with the detections drawn on it.
    private func draw(
        _ detections: [Detection],
        on image: RGBImage,
        as format: ImageFormat,
        _ model: ModelDescription,
        stages: StageClock
    ) throws -> [UInt8] {
        let picture = try stages.time(.draw) { try DetectionPainter(labels: model.labels).draw(detections, on: image) }
        return try stages.time(.encode) { try picture.encoded(as: format) }
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

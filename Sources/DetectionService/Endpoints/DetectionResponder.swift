internal import CoreMetrics
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import ModelServing
internal import Scheduling
internal import YOLO

/// What `/detect` and `/predict` share: reads the options, runs the pipeline, and writes the response.
struct DetectionResponder: Sendable {
    /// Representation of the response.
    enum Form: Sendable {
        /// JSON, with the drawn picture in base64 if a format is given.
        case json(drawn: ImageFormat?)
        /// The drawn picture.
        case drawn(ImageFormat)

        var drawnFormat: ImageFormat? {
            switch self {
            case .json(let format): format
            case .drawn(let format): format
            }
        }
    }

    /// A validated request for detections.
    struct Query: Sendable {
        var request: DetectionRequest
        var form: Form

        /// Flow of the queue that the request's work belongs to.
        var flow: String { request.detector.model.name }
    }

    let models: ModelRegistry
    let pipeline: DetectionPipeline
    let metrics: PrometheusRegistry
    let budget: ByteBudget
    let zones: KeptZones

    /// Reads the options of a detection from a body or a query.
    ///
    /// - Parameters:
    ///   - call: The request.
    ///   - values: The validated options.
    ///   - location: `body` or `query`.
    ///   - drawn: The default of `image`.
    /// - Returns: The request for the pipeline, and the form of the response.
    /// - Throws: `ModelServingError` for an unknown model; `ValidationErrors` for an unknown class; ``Problem`` (406),
    ///   (404) for unknown zones; `StorageError`.
    func query(_ call: Call, values: Values, at location: String, drawn: String) async throws -> Query {
        let values = try await zones.resolve(values)
        let detector = try models.detector(named: values.string(DetectionFields.model.name))
        let settings = try DetectionSettings(values, for: detector.model, at: location)
        let choice = try call.negotiated(from: ["application/json"] + ImageFormat.encodable.map(\.mediaType))
        let form: Form =
            if let format = ImageFormat.encodable.first(where: { $0.mediaType == choice }) {
                .drawn(format)
            } else {
                .json(drawn: ImageFormat(name: values.string("image") ?? drawn))
            }
        let request = DetectionRequest(detector, settings: settings)
        return Query(request: form.drawnFormat.map { request.drawing(as: $0) } ?? request, form: form)
    }

    /// Detects objects in one picture.
    ///
    /// - Parameters:
    ///   - query: What to detect and how to respond.
    ///   - call: The request.
    ///   - imageID: The picture's id, if it has one.
    ///   - read: Returns the picture's bytes, on a worker thread.
    /// - Returns: The body of the response: JSON, or the drawn picture.
    /// - Throws: Errors of `DetectionPipeline.detect`; `JSONWriter.LimitExceeded`.
    func body(
        _ query: Query,
        call: Call,
        imageID: String? = nil,
        read: @escaping @Sendable () throws -> [UInt8]
    ) async throws -> [UInt8] {
        let context = call.context
        let start = ContinuousClock.now
        return try await pipeline.detect(
            query.request,
            deadline: context.deadline,
            stages: context.stages,
            picture: .encoded(read)
        ) { report in
            count(report)
            if case .drawn = query.form, let drawn = report.drawn { return drawn.bytes }
            let body = DetectionBody(
                requestID: context.requestID,
                computeTime: (ContinuousClock.now - start) / .seconds(1),
                imageID: imageID,
                model: report.model.name,
                width: report.width,
                height: report.height,
                image: report.drawn.map { Base64($0.bytes) },
                isTruncated: report.isTruncated,
                size: report.inputSide,
                slices: report.sliceCount,
                objects: report.objects
            )
            // The limit applies to the detections only, not to the drawn picture.
            let limit = budget.maximumBodyBytes + (report.drawn?.bytes.count ?? 0) * 4 / 3
            let json = try body.json(limit: limit)
            context.stages.end(.write)
            return json
        }
    }

    /// Detects objects in one picture, for a dialect.
    ///
    /// - Parameters:
    ///   - request: What to detect.
    ///   - call: The request.
    ///   - read: Returns the picture's bytes, on a worker thread.
    ///   - output: Turns the report and the seconds that it took, waiting included, into the body of the response.
    /// - Returns: What `output` returns.
    /// - Throws: Errors of `DetectionPipeline.detect`.
    func detect(
        _ request: DetectionRequest,
        call: Call,
        read: @escaping @Sendable () throws -> [UInt8],
        output: @escaping @Sendable (DetectionReport, Double) throws -> [UInt8]
    ) async throws -> [UInt8] {
        let context = call.context
        let start = ContinuousClock.now
        return try await pipeline.detect(
            request,
            deadline: context.deadline,
            stages: context.stages,
            picture: .encoded(read)
        ) { report in
            count(report)
            let bytes = try output(report, (ContinuousClock.now - start) / .seconds(1))
            context.stages.end(.write)
            return bytes
        }
    }

    /// Returns the results of several pictures as a JSON list, within the limit of one body.
    ///
    /// - Parameters:
    ///   - count: Number of pictures.
    ///   - advice: What to do if the list is too large.
    ///   - result: Returns the result of a picture, as JSON.
    /// - Returns: The list.
    /// - Throws: ``Problem`` (413); errors of `result`.
    func list(
        _ count: Int,
        advice: String,
        result: (Int) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        var results: [[UInt8]] = []
        var byteCount = 0
        for index in 0..<count {
            results.append(try await result(index))
            byteCount += results[index].count
            guard byteCount <= budget.maximumBodyBytes else {
                throw Problem(.tooLarge, "The results are too large: \(advice).")
            }
        }
        let list = results
        return try await pipeline.workers.run {
            var json = JSONWriter()
            json.array { json in
                for result in list { json.json(result) }
            }
            return json.bytes
        }
    }

    func response(_ body: [UInt8], _ form: Form) throws -> Response {
        switch form {
        case .json: try Response(body, headers: [.contentType: "application/json"], budget: budget)
        case .drawn(let format):
            try Response(body, headers: [.contentType: format.mediaType, .vary: "Accept"], budget: budget)
        }
    }

    private func count(_ report: DetectionReport) { count(report.detections.count, of: report.model.name) }

    /// Counts a picture and its detections.
    func count(_ detections: Int, of model: String) {
        let labels = [("model", model)]
        metrics.makeCounter(label: ServiceMetrics.pictures, dimensions: labels).increment(by: 1)
        metrics.makeCounter(label: ServiceMetrics.detections, dimensions: labels).increment(by: Int64(detections))
    }
}

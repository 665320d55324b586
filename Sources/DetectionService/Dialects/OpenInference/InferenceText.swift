internal import Basics
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import NIOCore

/// A request and its answer as JSON, with tensors as lists of numbers or as bytes after the JSON.
struct InferenceText {
    let request: InferenceRequest
    /// Id to repeat in the answer.
    let id: String?
    /// Names of the outputs to return as bytes.
    private let binaryOutputs: Set<String>
    /// Whether outputs that are not named are returned as bytes.
    private let isBinary: Bool

    static let fields = [
        Field(name: "id", schema: .text(0...4096).nullable().described("Repeated in the answer.")),
        Field(
            name: "inputs",
            schema: .array(
                of: .object([
                    Field(
                        name: "data",
                        schema: .array(of: .any).nullable().described("The elements, flat or nested, row by row.")
                    ),
                    Field(name: "datatype", schema: .oneOf(TensorType.names), isRequired: true),
                    Field(name: "name", schema: .text(1...256), isRequired: true),
                    parameters,
                    Field(name: "shape", schema: .array(of: .integer(0...1 << 31), count: 0...8), isRequired: true),
                ]),
                count: 1...16
            ),
            isRequired: true
        ),
        Field(
            name: "outputs",
            schema: .array(
                of: .object([Field(name: "name", schema: .text(1...256), isRequired: true), parameters]),
                count: 0...64
            ).nullable().described("The wanted outputs; without it, all.")
        ),
        parameters,
    ]
    private static let parameters = Field(
        name: "parameters",
        schema: .any.described("Of the inference, such as `conf`, `iou` and `max_det`, or of a tensor's form.")
    )

    /// Reads a request.
    ///
    /// - Parameters:
    ///   - body: JSON, and after it the bytes of tensors in their order.
    ///   - headerLength: Number of bytes of the JSON; nil for the whole body.
    ///   - call: The request; its operation declares ``fields``.
    /// - Throws: ``Problem`` or `ValidationErrors` if it is malformed.
    init(_ body: [UInt8], headerLength: Int?, call: Call) throws {
        let length = headerLength ?? body.count
        guard length <= body.count else {
            throw Problem(.malformed, "The body has \(body.count) bytes, fewer than its JSON of \(length).")
        }
        let texts = TensorTexts(body[..<length])
        let values = try call.json(texts.rest)
        var bytes = body[length...]
        let inputs = try (values.array("inputs") ?? []).map { value in
            guard case .object(let members) = value else { throw Problem(.invalid, "inputs must be objects.") }
            return try Self.input(Values(members), texts: texts, bytes: &bytes)
        }
        guard bytes.isEmpty else {
            throw Problem(.malformed, "\(bytes.count) bytes follow the tensors; check their binary_data_size.")
        }
        let parameters = values.object("parameters")
        let outputs = (values.array("outputs") ?? []).compactMap { value in
            if case .object(let members) = value { Values(members) } else { nil as Values? }
        }
        request = InferenceRequest(
            inputs: inputs,
            outputs: outputs.isEmpty ? nil : outputs.compactMap { $0.string("name") },
            parameters: values.members(of: "parameters")
        )
        id = values.string("id").flatMap { $0.isEmpty ? nil : $0 }
        let isBinary = parameters?.bool("binary_data_output") ?? false
        self.isBinary = isBinary
        let all = outputs.filter { $0.object("parameters")?.bool("binary_data") ?? isBinary }
        binaryOutputs = Set(all.compactMap { $0.string("name") })
    }

    /// Makes a request of a body that is the only input.
    init(_ body: [UInt8], for input: InferenceModels.Port) {
        // One picture is not preceded by its length.
        let prefix = withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count).littleEndian) { Array($0) }
        let bytes = input.type == .bytes ? prefix + body : body
        let shape = input.type == .bytes ? [1] : input.shape
        request = InferenceRequest(
            inputs: [.init(name: input.name, type: input.type, shape: shape, contents: .binary(bytes[...]))]
        )
        id = nil
        isBinary = true
        binaryOutputs = []
    }

    private static func input(
        _ values: Values,
        texts: TensorTexts,
        bytes: inout ArraySlice<UInt8>
    ) throws(Problem) -> InferenceRequest.Input {
        let name = values.string("name") ?? ""
        let shown = name.printable(limit: 64)
        guard let type = values.string("datatype").flatMap(TensorType.init(name:)) else {
            throw Problem(.invalid, "The input \(shown) has an unknown datatype.")
        }
        let shape = (values.array("shape") ?? []).compactMap { value in
            if case .number(let size) = value { Int(size) } else { nil as Int? }
        }
        let contents: TensorContents
        if let size = values.object("parameters")?.number("binary_data_size") {
            guard let size = Int(exactly: size), (0...bytes.count).contains(size) else {
                throw Problem(.malformed, "The input \(shown) has fewer bytes than its binary_data_size.")
            }
            contents = .binary(bytes.prefix(size))
            bytes.removeFirst(size)
        } else if case .number(let number) = values.array("data")?.first, let index = Int(exactly: number),
            texts.data.indices.contains(index)
        {
            contents = .json(texts.data[index])
        } else {
            throw Problem(.invalid, "The input \(shown) has no data; shared memory is not supported.")
        }
        return InferenceRequest.Input(name: name, type: type, shape: shape, contents: contents)
    }

    /// Writes an answer.
    ///
    /// - Parameters:
    ///   - outputs: The outputs.
    ///   - model: The model's name.
    ///   - limit: Maximum number of bytes of the JSON.
    /// - Returns: The body, and the length of its JSON if bytes follow it.
    /// - Throws: `JSONWriter.LimitExceeded`; ``Problem`` for values that JSON cannot express.
    func answer(_ outputs: [TensorView], model: String, limit: Int) throws -> (body: ByteBuffer, headerLength: Int?) {
        var json = JSONWriter(limit: limit)
        func isBinary(_ output: TensorView) -> Bool {
            request.outputs == nil ? self.isBinary : binaryOutputs.contains(output.name)
        }
        try json.object { json in
            if let id {
                json.key("id")
                json.string(id)
            }
            json.key("model_name")
            json.string(model)
            json.key("model_version")
            json.string(InferenceModels.version)
            json.key("outputs")
            try json.array { json in
                for output in outputs {
                    try json.object { json in
                        if !isBinary(output) {
                            json.key("data")
                            try output.write(to: &json)
                        }
                        json.key("datatype")
                        json.string(output.type.name)
                        json.key("name")
                        json.string(output.name)
                        if isBinary(output) {
                            json.key("parameters")
                            json.object { json in
                                json.key("binary_data_size")
                                json.number(output.bytes.count)
                            }
                        }
                        json.key("shape")
                        json.array { json in
                            for size in output.shape { json.number(size) }
                        }
                    }
                }
            }
        }
        let length = json.bytes.count
        let binary = outputs.filter(isBinary)
        // Written once: each copy of a network's outputs costs milliseconds.
        var body = ByteBuffer()
        body.reserveCapacity(length + binary.reduce(0) { $0 + $1.bytes.count })
        body.writeBytes(json.bytes)
        guard !binary.isEmpty else { return (body, nil) }
        for output in binary { body.writeBytes(output.bytes) }
        return (body, length)
    }
}

extension Values {
    /// The members of an object; none if it is absent.
    fileprivate func members(of name: String) -> [String: JSONValue] { object(name)?.all ?? [:] }
}

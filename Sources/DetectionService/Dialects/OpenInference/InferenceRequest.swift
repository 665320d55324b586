internal import Basics
internal import DetectionPipeline
internal import Imaging
internal import Inference
package import JSONSchema
internal import ObjectDetection
internal import YOLO

/// A request for an inference, whatever it came by.
package struct InferenceRequest: Sendable {
    /// An input's tensor.
    package struct Input: Sendable {
        var name: String
        var type: TensorType
        var shape: [Int]
        var contents: TensorContents

        package init(name: String, type: TensorType, shape: [Int], contents: TensorContents) {
            self.name = name
            self.type = type
            self.shape = shape
            self.contents = contents
        }
    }

    var inputs: [Input]
    /// Names of the wanted outputs; nil for all.
    var outputs: [String]?
    /// By name, such as `conf`.
    var parameters: [String: JSONValue]

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - inputs: The tensors.
    ///   - outputs: Names of the wanted outputs; nil for all.
    ///   - parameters: Parameters by name, such as `conf`.
    package init(inputs: [Input], outputs: [String]? = nil, parameters: [String: JSONValue] = [:]) {
        self.inputs = inputs
        self.outputs = outputs
        self.parameters = parameters
    }

    /// Returns an input.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - names: The names of all inputs of the model.
    /// - Returns: The input.
    /// - Throws: ``Problem`` if it is missing, or there are others.
    func input(named name: String, of names: [String]) throws(Problem) -> Input {
        if let other = inputs.first(where: { !names.contains($0.name) }) {
            throw Problem(
                .invalid,
                "There is no input called \(other.name.printable(limit: 64)); inputs are \(names.joined(separator: ", "))."
            )
        }
        guard inputs.count <= names.count, let input = inputs.first(where: { $0.name == name }) else {
            throw Problem(.invalid, "Each of the inputs is needed once: \(names.joined(separator: ", ")).")
        }
        return input
    }

    /// Returns the positions of the wanted outputs in the list of a model's.
    ///
    /// - Throws: ``Problem`` if there is no such output.
    func outputIndices(of names: [String]) throws(Problem) -> [Int] {
        guard let outputs, !outputs.isEmpty else { return Array(names.indices) }
        guard Set(outputs).count == outputs.count else { throw Problem(.invalid, "An output is named twice.") }
        var indices: [Int] = []
        for output in outputs {
            guard let index = names.firstIndex(of: output) else {
                let known = names.joined(separator: ", ")
                throw Problem(
                    .invalid,
                    "There is no output called \(output.printable(limit: 64)); outputs are \(known)."
                )
            }
            indices.append(index)
        }
        return indices
    }

    /// Returns the pictures of a request for detections: files, `[pictures]`, or pixels, `[pictures, height, width, 3]`.
    ///
    /// - Throws: ``Problem`` if the input is something else.
    func pictures() throws(Problem) -> [DetectionPipeline.Picture] {
        let port = PictureDetections.input
        let input = try input(named: port.name, of: [port.name])
        switch (input.type, input.shape.count) {
        // Clients with a batch axis send [pictures, 1].
        case (.bytes, 1), (.bytes, 2):
            let count = try input.elementCount()
            guard (1...Fields.maximumPictures).contains(count) else { throw Self.tooManyPictures }
            do throws(TensorContents.Invalid) {
                let elements = try input.contents.elements(count: count)
                let isText = if case .json = input.contents { true } else { false }
                return elements.map { element in
                    .encoded {
                        guard isText else { return Array(element) }
                        return try Base64.picture(
                            String(decoding: element, as: UTF8.self),
                            at: ["inputs", port.name, "data"]
                        )
                    }
                }
            } catch {
                throw input.problem(error)
            }
        case (.element(.u8), 3), (.element(.u8), 4):
            let isSingle = input.shape.count == 3
            let size = Array(isSingle ? input.shape[...] : input.shape.dropFirst())
            let count = isSingle ? 1 : input.shape[0]
            guard (1...Fields.maximumPictures).contains(count) else { throw Self.tooManyPictures }
            guard size[2] == 3, (1...32_768).contains(size[0]), (1...32_768).contains(size[1]) else {
                throw Problem(.invalid, "Pixels must have the shape [pictures, height, width, 3], in RGB.")
            }
            let bytes = try input.bytes(count: try input.elementCount())
            return (0..<count).map { index in
                let length = size[0] * size[1] * 3
                let start = bytes.startIndex + index * length
                return .pixels {
                    let image = RGBImage(width: size[1], height: size[0]) { pixels in
                        _ = pixels.update(fromContentsOf: bytes[start..<(start + length)])
                    }
                    return ReducedImage(image)
                }
            }
        default:
            throw Problem(
                .invalid,
                "The input \(port.name) must be picture files, BYTES [pictures], or RGB pixels, "
                    + "UINT8 [pictures, height, width, 3]."
            )
        }
    }

    private static let tooManyPictures = Problem(.tooLarge, "Send 1 to \(Fields.maximumPictures) pictures at a time.")

    /// Reads the options of a detection, `conf`, `iou` and `max_det`, from the parameters.
    ///
    /// - Throws: `ValidationErrors` for a value out of range.
    func detectionSettings(for model: ModelDescription) throws(ValidationErrors) -> DetectionSettings {
        let fields = ["conf": DetectionFields.confidence, "iou": .iou, "max_det": .maxDetections]
        var values: [String: JSONValue] = [:]
        var errors = ValidationErrors()
        for (name, value) in parameters {
            guard let field = fields[name] else { continue }
            field.schema.validate(value, at: ["parameters", name], into: &errors)
            values[field.name] = value
        }
        try errors.check()
        var settings = try DetectionSettings(Values(values), for: model, at: "parameters")
        settings.options.masks = false
        return settings
    }
}

extension Field {
    fileprivate static let iou = DetectionFields.iou
    fileprivate static let maxDetections = DetectionFields.maxDetections
}

extension InferenceRequest.Input {
    /// Checks type and shape.
    ///
    /// - Throws: ``Problem`` if they are not those of the model.
    func check(_ port: InferenceModels.Port) throws(Problem) {
        guard type == port.type, shape == port.shape else {
            throw Problem(
                .invalid,
                "The input \(name) must be \(port.type.name) \(port.shape), not \(type.name) \(shape)."
            )
        }
    }

    /// The number of elements by the shape.
    func elementCount() throws(Problem) -> Int {
        var count = 1
        for size in shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflows else {
                throw Problem(.invalid, "The input \(name) has a size that is not possible.")
            }
            count = product
        }
        return count
    }

    /// Copies the elements to the memory of a network's input.
    func contents(of element: TensorElement, to memory: UnsafeMutableRawBufferPointer) throws(Problem) {
        do throws(TensorContents.Invalid) {
            try contents.copy(to: memory, as: element)
        } catch {
            throw problem(error)
        }
    }

    /// Returns the elements, of one byte each.
    fileprivate func bytes(count: Int) throws(Problem) -> ArraySlice<UInt8> {
        switch contents {
        case .binary(let bytes):
            guard bytes.count == count else {
                throw problem(TensorContents.Invalid(message: "has \(bytes.count) bytes instead of \(count)"))
            }
            return bytes
        case .json(let text):
            // Each takes two bytes or more.
            guard count <= text.count else {
                throw problem(TensorContents.Invalid(message: "has fewer elements than its shape says, \(count)"))
            }
            var bytes = [UInt8](repeating: 0, count: count)
            let result = bytes.withUnsafeMutableBytes { memory in
                Result { () throws(TensorContents.Invalid) in try contents.copy(to: memory, as: .u8) }
            }
            if case .failure(let error) = result { throw problem(error) }
            return bytes[...]
        }
    }

    fileprivate func problem(_ error: TensorContents.Invalid) -> Problem {
        Problem(.invalid, "The input \(name.printable(limit: 64)) \(error.message).")
    }
}

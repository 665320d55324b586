public import Inference

/// A model as an OpenVINO IR with its boxes decoded, as YOLOv5's own exports have them.
///
/// The form that other tools take: NNCF quantises it, and it is loaded again like any other export.
public struct ModelExport {
    /// Longest side of the network's input, in pixels.
    public let inputSide: Int
    private let model: Model
    private let metadata: [String: String]

    /// Reads a model's file.
    ///
    /// - Parameters:
    ///   - file: A checkpoint or an export.
    ///   - runtime: The runtime to read it with.
    /// - Throws: `InferenceError` when the file cannot be read, holds no network of the forms known, or one whose heads
    ///   are not known.
    public init(file: ModelFile, runtime: Runtime) throws {
        let network = try Network(file: file, runtime: runtime)
        guard case .heads(let heads) = network.layout.boxes else {
            throw InferenceError(.invalidModel, network.uncutReason ?? "its heads are not known")
        }
        let sized = try network.model.sized(height: network.inputSide, width: network.inputSide)
        model = try sized.decoded(
            heads: heads.map { head in (head.stride, head.anchors.flatMap { [$0.width, $0.height] }) },
            classCount: network.layout.classCount
        )
        inputSide = network.inputSide
        let names = network.labels.enumerated().map { "\($0): \(Self.quoted($1))" }
        metadata = ["names": "{\(names.joined(separator: ", "))}", "stride": "\(network.stride)"]
    }

    /// Writes the .xml file and the .bin file beside it.
    ///
    /// - Throws: `InferenceError` when they cannot be written; they may then be there in parts.
    public func write(to path: String) throws {
        try model.save(to: path, metadata: metadata)
    }

    /// A name as Python writes it in a dictionary.
    private static func quoted(_ name: String) -> String {
        "'" + name.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

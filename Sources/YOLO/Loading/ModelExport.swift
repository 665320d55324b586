package import Inference

/// A model as an OpenVINO IR with decoded boxes, like YOLOv5's own exports.
///
/// Other tools accept this form: NNCF quantises it, and Osprey loads it like any other export.
package struct ModelExport {
    /// Longest side of the network's input, in pixels.
    package let inputSide: Int
    private let model: Model
    private let metadata: [String: String]

    /// Reads a model from a file.
    ///
    /// - Parameters:
    ///   - file: A checkpoint or an export.
    ///   - runtime: Runtime that reads the network.
    /// - Throws: ``YOLOError`` with `invalidModel` if the file cannot be read, or does not hold a supported network
    ///   with known heads.
    package init(file: ModelFile, runtime: Runtime) throws(YOLOError) {
        let network = try Network(file: file, runtime: runtime)
        guard case .heads(let heads) = network.layout.boxes else {
            throw YOLOError(.invalidModel, network.uncutReason ?? "it has no YOLOv5 heads")
        }
        model = try YOLOError.wrapping {
            try network.model.sized(height: network.inputSide, width: network.inputSide).decoded(
                heads: heads.map { head in (head.stride, head.anchors.flatMap { [$0.width, $0.height] }) },
                classCount: network.layout.classCount
            )
        }
        inputSide = network.inputSide
        let names = network.labels.enumerated().map { "\($0): \(Self.quoted($1))" }
        metadata = ["names": "{\(names.joined(separator: ", "))}", "stride": "\(network.stride)"]
    }

    /// Writes the .xml file at `path`, and a .bin file next to it.
    ///
    /// - Throws: ``YOLOError`` with `failed` if the files cannot be written; either may then be left incomplete.
    package func write(to path: String) throws(YOLOError) {
        try YOLOError.wrapping { try model.save(to: path, metadata: metadata) }
    }

    /// Returns a name as a Python string literal.
    private static func quoted(_ name: String) -> String {
        "'" + name.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

package import Inference

/// A model as an OpenVINO IR with decoded boxes, like the exports of YOLOv5 and its successors.
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
        model = try network.decoded
        inputSide = network.inputSide
        metadata = network.metadata
    }

    /// Writes the .xml file at `path`, and a .bin file next to it.
    ///
    /// - Throws: ``YOLOError`` with `failed` if the files cannot be written; either may then be left incomplete.
    package func write(to path: String) throws(YOLOError) {
        try YOLOError.wrapping { try model.save(to: path, metadata: metadata) }
    }
}

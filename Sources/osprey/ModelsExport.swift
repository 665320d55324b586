internal import ArgumentParser
internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import Inference
internal import YOLO

/// `osprey models export`: writes a model for other tools.
struct ModelsExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a model as an OpenVINO IR.",
        discussion: """
            The network is written for square pictures of the model's input side, and decodes its boxes like YOLOv5's \
            own exports. Osprey serves it like any other export, with pictures of any shape.

            Example:
              osprey models export runs/train/exp/weights/best.pt best.xml
            """
    )

    @Argument(help: "A checkpoint (.pt), an ONNX export, or the .xml file of an OpenVINO IR.")
    var file: String

    @Argument(help: "The .xml file to write; the weights go to a .bin file next to it.")
    var output: String

    func run() throws {
        guard output.hasSuffix(".xml") else {
            throw CommandError.usage("\(output) is not the name of an OpenVINO IR: it must end in .xml.")
        }
        let export = try usingModel(file) { try ModelExport(file: modelFile(file), runtime: Runtime()) }
        // Written to temporary files and then renamed, weights first, so that no reader finds half a model.
        let folder = URL(filePath: output).deletingLastPathComponent()
        let manager = FileManager.default
        let part = folder.appending(path: ".\(UUID().uuidString)").path
        defer { for ending in ["xml", "bin"] { try? manager.removeItem(atPath: "\(part).\(ending)") } }
        do {
            try export.write(to: "\(part).xml")
            for ending in ["bin", "xml"] {
                try replace("\(output.dropLast(3))\(ending)", with: "\(part).\(ending)")
            }
        } catch {
            throw CommandError("\(output) cannot be written: \(error.explanation).")
        }
        print("Wrote \(output), for pictures of \(export.inputSide)x\(export.inputSide).")
    }

    private func replace(_ path: String, with part: String) throws {
        guard rename(part, path) != 0 else { return }
        throw CommandError(String(cString: strerror(errno)))
    }
}

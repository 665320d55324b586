internal import ArgumentParser
internal import Basics
internal import FoundationEssentials
internal import Inference
internal import YOLO

/// `osprey models list`: lists the models of a folder.
struct ModelsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the models of a folder.",
        discussion: """
            A file that cannot be served is listed with the reason.

            Example:
              osprey models list --models models
            """
    )

    @Option(help: ArgumentHelp("Folder with models.", valueName: "dir"))
    var models = "models"

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let runtime = try Runtime()
        let files: [ModelFile]
        do {
            files = try ModelFile.all(in: models)
        } catch {
            throw CommandError("The folder \(models) cannot be read: name another with --models.")
        }
        let results = files.map { file in
            let message = "Error: \(file.path) is damaged, and crashed OpenVINO; move it away to list the others."
            return (file, withCrashMessage(message) { Result { try ModelInspection(file: file, runtime: runtime) } })
        }
        if json {
            return try printJSON(
                results.map { file, result in ModelReport(file: file, result: result, hasLayers: false) }
            )
        }
        guard !files.isEmpty else {
            throw CommandError("There are no models (.pt, .onnx, .xml) in \(models): `osprey assets` fetches one.")
        }
        var table = TextTable([
            ("model", .left), ("format", .left), ("task", .left), ("classes", .right), ("input", .right),
            ("parameters", .right), ("GFLOPs", .right), ("SHA-256", .left),
        ])
        for case (let file, .success(let model)) in results {
            table.add([
                file.name, file.format.rawValue, model.task.rawValue, String(model.labels.count),
                String(model.inputSide), model.cost.parameters.grouped, String(model.cost.gigaOperations),
                String(model.sha256.prefix(12)),
            ])
        }
        print(table.text)
        for case (let file, .failure(let error)) in results {
            print("\(file.path) cannot be served: \(error.explanation)")
        }
    }
}

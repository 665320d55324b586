internal import ArgumentParser
internal import Assets
internal import YOLO

/// `osprey assets`: finds a model and pictures, and fetches what is missing.
struct FetchAssets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assets",
        abstract: "Finds a model and pictures to serve, and fetches what is missing.",
        discussion: """
            `osprey serve` does the same when it starts, and the options can be set as for it: OSPREY_MODELS. Models and \
            pictures come from the two folders, a mirror, which the variable \(AssetFinder.mirrorVariable) names, or \
            public addresses, through the proxy that HTTPS_PROXY names. Interrupted downloads resume.

            Examples:
              osprey assets
              osprey assets --model yolov5n --models /var/lib/osprey/models --data /var/lib/osprey/data
            """
    )

    @Option(help: "Name of the model. (default: yolov5s, the first in the folder, or the demo)")
    var model: String?

    @Option(help: "Name of the dataset. (default: coco128, or the demo)")
    var dataset: String?

    @Option(help: ArgumentHelp("Folder with models. (default: models)", valueName: "dir"))
    var models: String?

    @Option(help: ArgumentHelp("Folder with datasets. (default: data)", valueName: "dir"))
    var data: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        struct Item: Encodable {
            var name: String
            var path: String
            var origin: String
            var obstacles: [String]
        }

        var model: Item
        var dataset: Item
    }

    func validate() throws {
        for name in [model, dataset].compactMap({ $0 }) where name.contains("/") {
            throw ValidationError("\(name) is not a name: names have no slash, and no extension.")
        }
    }

    func run() async throws {
        let options = [("model", model), ("dataset", dataset), ("models", models), ("data", data)]
        let given = options.compactMap { name, value in value.map { (name: name, value: $0) } }
        let settings = try Settings(given: given, file: nil, known: [])
        let (models, data) = (settings.text("models", default: "models"), settings.text("data", default: "data"))
        let finder = try AssetFinder(models: models, data: data, mayDownload: settings.mayDownload)
        let names = [settings.text("model"), settings.text("dataset")]
        let report: Report
        do {
            report = try await find(names, by: finder)
        } catch let error as AssetError {
            throw CommandError("\(error.message).")
        }
        if json { return try printJSON(report) }
        print("Model \(report.model.name): \(report.model.path), \(report.model.origin).")
        print("Dataset \(report.dataset.name): \(report.dataset.path), \(report.dataset.origin).")
        let obstacles = Set(report.model.obstacles + report.dataset.obstacles).sorted()
        guard !obstacles.isEmpty else { return }
        print("Not everything could be fetched:")
        for obstacle in obstacles { print("  \(obstacle)") }
        print(
            """
            Give this machine access to github.com (HTTPS_PROXY is respected), set \(AssetFinder.mirrorVariable) to a \
            folder with copies and their SHA256SUMS, or put your own NAME.pt in \(models)/ and pictures in \(data)/NAME/.
            """
        )
    }

    private func find(_ names: [String?], by finder: AssetFinder) async throws -> Report {
        try await finder.perform { finder throws(AssetError) in
            let model = try await finder.model(named: names[0])
            let dataset = try await finder.dataset(named: names[1], for: model)
            return Report(
                model: .init(
                    name: model.file.name,
                    path: model.file.path,
                    origin: model.origin,
                    obstacles: model.obstacles
                ),
                dataset: .init(
                    name: dataset.name,
                    path: dataset.directory,
                    origin: dataset.origin,
                    obstacles: dataset.obstacles
                )
            )
        }
    }
}

internal import ArgumentParser
internal import Scenes

/// The command `scenes`, which writes a folder of scenes.
@main
struct SceneGenerator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenes",
        abstract: "Draws pictures of simple objects and writes exact annotations.",
        discussion: """
            Writes DIR/images/000000000001.jpg … and DIR/annotations/instances.json: boxes and masks of circles, \
            triangles, squares, stars, crosses, rings, hearts and arrows, in COCO format.

            The same seed and id produce the same picture, byte for byte, regardless of how many are drawn.

            Examples:
              scenes --seed 1 --count 4000 --output train
              scenes --seed 1 --count 1000 --first-id 4001 --output more
            """
    )

    @Option(help: "Seed of the series of pictures.")
    var seed: UInt64

    @Option(help: "Number of pictures.")
    var count: Int

    @Option(help: ArgumentHelp("Folder to create; an existing folder must be empty.", valueName: "dir"))
    var output: String

    @Option(help: "Id of the first picture; the others are numbered consecutively.")
    var firstID = 1

    func validate() throws {
        guard (1...1_000_000).contains(count), (1...1_000_000_000).contains(firstID) else {
            throw ValidationError("--count must be in 1...1000000, --first-id in 1...1000000000.")
        }
    }

    func run() async throws {
        do {
            let folder = try SceneFolder(creating: output, seed: seed)
            try folder.saveAnnotations(of: try await saveScenes(in: folder))
        } catch let error as SceneError {
            writeToStandardError("Error: \(error.message)\n")
            throw ExitCode.failure
        }
    }

    private func saveScenes(in folder: SceneFolder) async throws -> [SceneFolder.Entry] {
        var progress = Progress(total: count)
        var entries: [SceneFolder.Entry] = []
        return try await withThrowingTaskGroup(of: SceneFolder.Entry.self) { group in
            for index in 0..<count {
                let id = firstID + index
                // 16 pending pictures keep every core busy; more would only use memory.
                if index >= 16, let entry = try await group.next() {
                    entries.append(entry)
                    progress.update(entries.count)
                }
                group.addTask { try folder.saveScene(id) }
            }
            for try await entry in group {
                entries.append(entry)
                progress.update(entries.count)
            }
            return entries
        }
    }
}

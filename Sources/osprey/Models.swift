internal import ArgumentParser

/// `osprey models`: commands for model files.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists, inspects and exports models.",
        subcommands: [ModelsList.self, ModelsInspect.self, ModelsExport.self],
        defaultSubcommand: ModelsList.self
    )
}

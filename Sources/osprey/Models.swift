internal import ArgumentParser

/// `osprey models`: what is in model files.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells what is in model files.",
        subcommands: [ModelsList.self, ModelsInspect.self, ModelsExport.self],
        defaultSubcommand: ModelsList.self
    )
}

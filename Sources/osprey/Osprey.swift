internal import ArgumentParser

@main
struct Osprey: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "osprey",
        abstract: "Finds objects in pictures, over HTTP.",
        version: version,
        subcommands: [Serve.self, Benchmark.self]
    )
}

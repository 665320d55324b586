internal import ArgumentParser
internal import Configuration
internal import Hummingbird

@main
struct Osprey: AsyncParsableCommand {
    func run() async throws { print("osprey") }
}

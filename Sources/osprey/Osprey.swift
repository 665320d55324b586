internal import ArgumentParser
internal import CMalloc
internal import Inference

@main
struct Osprey: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "osprey",
        abstract: "Finds objects in pictures, over HTTP.",
        version: version,
        subcommands: [Serve.self, Health.self, Evaluate.self, Models.self, Benchmark.self]
    )

    static func main() async {
        returnFreedMemory()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as CommandError {
            writeToStandardError(Array("Error: \(error)\n".utf8))
            exit(withError: error.exitCode)
        } catch let error as InferenceError {
            writeToStandardError(Array("Error: \(error.message)\n".utf8))
            exit(withError: ExitCode.failure)
        } catch {
            exit(withError: error)
        }
    }

    /// Makes the allocator give memory back to the system.
    ///
    /// Pictures are large and of all sizes, and are freed on other threads than they were made on: with an arena for
    /// each thread and its growing threshold for mappings, glibc would keep several times what is in use.
    private static func returnFreedMemory() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
    }
}

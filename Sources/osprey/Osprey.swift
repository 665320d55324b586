internal import ArgumentParser
internal import CMalloc
internal import Glibc
internal import Inference

@main
struct Osprey: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "osprey",
        abstract: "Finds objects in pictures: over HTTP, and in files.",
        version: version,
        subcommands: [
            Serve.self, Detect.self, Evaluate.self, Models.self, Benchmark.self, Health.self, Version.self,
            Completions.self,
        ]
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
            end(.success)
        } catch let error as CommandError {
            end(error.exitCode, saying: "\(TerminalStyle.error.styled("Error:")) \(error)")
        } catch let error as InferenceError {
            end(.failure, saying: "\(TerminalStyle.error.styled("Error:")) \(error.message)")
        } catch let code as ExitCode {
            // All there is to say was said.
            end(code)
        } catch let error where exitCode(for: error).isSuccess {
            // Help and the version are thrown too, and are what was asked for.
            print(fullMessage(for: error))
            end(.success)
        } catch {
            end(exitCode(for: error), saying: fullMessage(for: error))
        }
    }

    /// Ends the process without what C and C++ do at its end: that would destroy what OpenVINO's threads, and those
    /// that still let go of a model, are using.
    private static func end(_ code: ExitCode, saying message: String? = nil) -> Never {
        if let message { writeToStandardError(Array("\(message)\n".utf8)) }
        fflush(nil)
        _exit(code.rawValue)
    }

    /// Makes the allocator give memory back to the system, but not what the next picture needs again.
    ///
    /// Pictures are large and of all sizes, and are freed on other threads than they were made on: with an arena for
    /// each thread and its growing threshold for mappings, glibc would keep several times what is in use. Giving back
    /// everything at once would cost a thousand page faults for each picture that is drawn.
    private static func returnFreedMemory() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 4 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, 32 << 20)
    }
}

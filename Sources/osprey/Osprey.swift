internal import ArgumentParser
internal import Basics
internal import CMalloc
internal import DecodeWorkers
internal import DetectionPipeline
internal import Glibc
internal import JSONSchema

@main
struct Osprey: AsyncParsableCommand {
    static let version = "0.2.0"

    static let configuration = CommandConfiguration(
        commandName: "osprey",
        abstract: "Detects objects in pictures, over HTTP and in files.",
        version: version,
        subcommands: [
            Serve.self, Detect.self, Evaluate.self, Models.self, FetchAssets.self, Benchmark.self, Health.self,
            Version.self, Completions.self, TryModel.self,
        ]
    )

    static func main() async {
        returnFreedMemory()
        Installation.useOwnFonts()
        // A process that decodes pictures does nothing else, and has no threads when it starts the others.
        if CommandLine.arguments.dropFirst().first == DecodeWorkerProcess.command.last {
            DecodeWorkerProcess.run(CommandLine.arguments)
        }
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
        } catch let error as any ExplainedError {
            end(.failure, saying: "\(TerminalStyle.error.styled("Error:")) \(error.message)")
        } catch let code as ExitCode {
            // The command has already printed its message.
            end(code)
        } catch let error where exitCode(for: error).isSuccess {
            // Help and version are thrown too.
            print(fullMessage(for: error))
            end(.success)
        } catch {
            end(exitCode(for: error), saying: explained(error))
        }
    }

    /// The message for an error in the arguments, with advice on flags that other programs have.
    private static func explained(_ error: any Error) -> String {
        let message = fullMessage(for: error)
        for argument in CommandLine.arguments where argument.hasPrefix("--") {
            let name = String(argument.dropFirst(2).prefix { $0 != "=" })
            guard let start = message.firstRange(of: "Unknown option '--\(name)'") else { continue }
            let line = message[start.upperBound...].prefix { !$0.isNewline }
            // ArgumentParser suggests an option for every word.
            let theirs = line.split(separator: "'").dropFirst().first.map { String($0.drop { $0 == "-" }) }
            let known = Field.suggestion(for: name, from: DetectionFields.all).map(detectOption)
            let advice =
                (known ?? theirs.flatMap { name.suggestion(from: [$0]) }).map { " Did you mean '--\($0)'?" } ?? ""
            return "\(message[..<start.upperBound]).\(advice)\(message[line.endIndex...])"
        }
        return message
    }

    /// The option of `osprey detect` for a field of a request.
    private static func detectOption(_ name: String) -> String {
        name == DetectionFields.crops.name ? "save-crops" : Field.optionName(name)
    }

    /// Ends the process without running C and C++ exit handlers: they would destroy objects that OpenVINO's threads, and
    /// threads that are freeing a model, still use.
    private static func end(_ code: ExitCode, saying message: String? = nil) -> Never {
        if let message { writeToStandardError(Array("\(message)\n".utf8)) }
        fflush(nil)
        _exit(code.rawValue)
    }

    /// Makes the allocator return memory to the system, except what the next picture needs again.
    ///
    /// Pictures are large, vary in size and are freed on other threads than they were allocated on: with one arena per
    /// thread and a growing mmap threshold, glibc would keep several times the memory in use. Returning everything
    /// immediately would cost a thousand page faults per drawn picture, and six thousand per network's tensors, of up to
    /// 16 MB.
    private static func returnFreedMemory() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 24 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, 32 << 20)
    }
}

internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import Inference
internal import Subprocess
internal import SystemPackage
package import YOLO

/// Loads model files in a process of its own first: a file can end the process that reads it, through OpenVINO, in more
/// ways than checks can list.
package enum ModelTrial {
    /// Name of the command that tries a file.
    ///
    /// It prints why the file cannot be served, and exits with a code of ``Verdict``.
    package static let command = "try-model"

    /// Exit codes of the command.
    package enum Verdict: Int32, Sendable {
        case served = 0
        /// The runtime failed.
        case failed = 1
        /// EX_DATAERR: the file does not hold a model that can be served.
        case invalid = 65
    }

    /// Time to load a model and run it once, in seconds.
    private static let seconds: UInt32 = 300

    /// Loads a model as the service will, and runs it once.
    ///
    /// - Throws: ``YOLOError`` if the file cannot be served, with `invalidModel` if it ended the process;
    ///   `CancellationError`.
    package static func run(_ file: ModelFile, _ configuration: YOLODetector.Configuration) async throws {
        let result: ExecutionResult<Void, StringOutput<UTF8>, DiscardedOutput>
        do {
            result = try await Subprocess.run(
                .path("/proc/self/exe"),
                arguments: Arguments(arguments(for: file, configuration)),
                environment: .custom(environment),
                output: .string(limit: 1 << 16),
                error: .discarded
            )
        } catch {
            try Task.checkCancellation()
            throw YOLOError(.failed, "no process could be started to try it", cause: error)
        }
        try Task.checkCancellation()
        switch result.terminationStatus {
        case .exited(Verdict.served.rawValue): return
        case .exited(let code) where !result.standardOutput.isEmpty:
            throw YOLOError(code == Verdict.invalid.rawValue ? .invalidModel : .failed, result.standardOutput)
        case .exited(let code): throw failure("ended the process that tried it, with status \(code)")
        case .signaled(SIGALRM): throw failure("took longer than \(seconds) s")
        case .signaled(SIGKILL): throw failure("was stopped by the system, as when memory runs out")
        case .signaled(let signal): throw failure("ended the process that tried it, with signal \(signal)")
        }
    }

    private static var environment: [Environment.Key: String] {
        let variables = ChildEnvironment.variables.compactMap { name, value in
            Environment.Key(rawValue: name).map { ($0, value) }
        }
        return Dictionary(uniqueKeysWithValues: variables)
    }

    private static func failure(_ event: String) -> YOLOError {
        YOLOError(.invalidModel, "it is damaged, or too large for this machine: loading it \(event)")
    }

    private static func arguments(for file: ModelFile, _ configuration: YOLODetector.Configuration) -> [String] {
        let compilation = configuration.compilation
        var arguments = [
            command, "--device", compilation.device, "--precision", compilation.precision.rawValue,
            "--streams", "\(compilation.streams)", "--threads", "\(compilation.threads)",
        ]
        if !configuration.isRectangular { arguments.append("--square") }
        if let cache = configuration.cacheDirectory { arguments += ["--cache", cache] }
        return arguments + ["--", file.path]
    }

    /// Limits this process, which a file may end: in time, as the first choice when memory runs out, without core dumps.
    package static func limitThisProcess() {
        alarm(seconds)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // The highest score; a system without this file does without.
        try? Data("1000".utf8).write(to: URL(filePath: "/proc/self/oom_score_adj"))
    }
}

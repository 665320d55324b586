internal import CProcess
internal import Dispatch
internal import Glibc
internal import Subprocess

/// The programs of ffmpeg.
enum FFmpeg {
    /// What a process is for.
    enum Purpose {
        case probe
        case reader
        case writer

        fileprivate var program: String { self == .probe ? "ffprobe" : "ffmpeg" }
    }

    /// Options of every process.
    static let quiet = ["-hide_banner", "-nostdin", "-nostats"]

    /// Address space of a process in bytes.
    private static let maximumBytes = 4 << 30
    private static let niceness: CInt = 10

    /// Runs a program until `body` has returned and the process has ended; ends it if the task is cancelled.
    ///
    /// - Parameters:
    ///   - purpose: What the process is for.
    ///   - arguments: Its arguments.
    ///   - input: Its standard input.
    ///   - output: Its standard output.
    ///   - error: Its standard error.
    ///   - ends: The ends of pipes among them, which only the process keeps open.
    ///   - body: Runs meanwhile; receives a function that ends the process.
    /// - Returns: What `body` returned, and how the process ended.
    /// - Throws: ``VideoError`` with `toolMissing` if it is not installed, or `unreadable` if it cannot be started; errors
    ///   of `body`.
    static func run<Value: Sendable, Input: InputProtocol, Output: OutputProtocol, Failure: ErrorOutputProtocol>(
        _ purpose: Purpose,
        arguments: [String],
        input: Input,
        output: Output,
        error: Failure,
        handing ends: [PipeEnd],
        _ body: @escaping @Sendable (_ stop: @escaping @Sendable () -> Void) async throws -> Value
    ) async throws -> ExecutionResult<Value, Output, Failure> {
        var options = PlatformOptions()
        // A group of its own: a Ctrl-C is meant for this process, which then ends the other.
        options.processGroupID = 0
        do {
            return try await Subprocess.run(
                .name(purpose.program),
                arguments: Arguments(arguments),
                environment: .custom(environment),
                platformOptions: options,
                input: input,
                output: output,
                error: error
            ) { execution in
                cprocess_limit(execution.processIdentifier.value, maximumBytes, niceness)
                for end in ends { end.close() }
                let stop = { @Sendable () -> Void in try? execution.send(signal: .kill) }
                do {
                    return try await body(stop)
                } catch {
                    // Otherwise its input would be waited for, which may never be read.
                    stop()
                    throw error
                }
            }
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            guard error.code == .executableNotFound else {
                throw VideoError(.unreadable, "cannot be read: \(purpose.program) cannot be started: \(error)")
            }
            throw VideoError(
                .toolMissing,
                "needs \(purpose.program), which is not installed: apt-get install ffmpeg"
            )
        }
    }

    /// What a process reads from its standard input.
    ///
    /// Not written by swift-subprocess: it ends this process if the other one ends before it has read everything.
    /// - Parameter text: Short enough for a pipe.
    /// - Returns: A pipe with the text.
    /// - Throws: ``VideoError`` if there can be no pipe.
    static func input(_ text: String) throws(VideoError) -> PipeEnd {
        let pipe = try Pipe()
        var text = text
        text.withUTF8 { bytes in _ = write(pipe.writing.file, bytes.baseAddress, bytes.count) }
        return pipe.reading
    }

    /// Runs blocking work on a thread of its own.
    static func onThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws(VideoError) -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "video").async {
                do throws(VideoError) {
                    continuation.resume(returning: try work())
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Nothing of this process's environment, which may hold passwords, except where programs and libraries are.
    private static var environment: [Environment.Key: String] {
        ["PATH", "LD_LIBRARY_PATH"].reduce(into: [:]) { environment, name in
            environment[Environment.Key(stringLiteral: name)] = getenv(name).map { String(cString: $0) }
        }
    }
}

internal import Basics
internal import CSandbox
internal import Glibc
package import Imaging
internal import Scheduling
internal import Synchronization

/// Processes that decode pictures behind fences; one that a picture kills or stalls is replaced.
package final class DecodeWorkerPool: Sendable {
    /// Limits of each process.
    package struct Limits: Sendable {
        /// Number of processes that wait for pictures; more are started if more pictures come at once.
        package var idleCount: Int
        /// CPU time for one picture in seconds, at least 1; three times as much may pass.
        package var cpuSeconds: Int
        /// Address space in bytes, besides that of the program.
        package var memoryBytes: Int
        /// Maximum number of pixels of a picture.
        package var maximumPixels: Int

        /// - Parameters:
        ///   - idleCount: Number of processes that wait for pictures.
        ///   - cpuSeconds: CPU time for one picture in seconds.
        ///   - maximumPixels: Largest picture; the memory grows with it.
        package init(idleCount: Int, cpuSeconds: Int = 7, maximumPixels: Int) {
            self.idleCount = idleCount
            self.cpuSeconds = cpuSeconds
            self.maximumPixels = min(maximumPixels, 1 << 31)
            // Eight bytes per pixel of 16 bit with alpha, in two forms at a time, and the result.
            memoryBytes = 512 << 20 + self.maximumPixels * 20
        }
    }

    /// Why a process was replaced.
    package enum Failure: String, CaseIterable, Sendable {
        /// It ended: a crash, or a limit on CPU time or memory.
        case ended
        /// It did not finish in time.
        case stalled
        /// Its answer was nonsense.
        case garbled
    }

    private struct State {
        var starter: WorkerStarter?
        var idle: [DecodeWorker] = []
        var failures: [Failure: Int] = [:]
    }

    /// Size of a picture for which memory is kept.
    private static let usualByteCount = 8 << 20

    private let inputs: SharedMemoryPool
    private let outputs: SharedMemoryPool
    private let limits: Limits
    private let program: String
    private let state: Mutex<State>

    /// - Parameters:
    ///   - limits: Limits of each process.
    ///   - program: Path of a program that runs ``DecodeWorkerProcess``.
    package init(limits: Limits, program: String = "/proc/self/exe") {
        self.limits = limits
        self.program = program
        inputs = SharedMemoryPool(capacity: Self.usualByteCount, isWritable: true, keptCount: limits.idleCount)
        outputs = SharedMemoryPool(
            capacity: limits.maximumPixels * 3,
            isWritable: false,
            keptCount: limits.idleCount
        )
        state = Mutex(State())
    }

    /// Starts the processes that wait for pictures, and returns the names of their fences.
    ///
    /// Without this call, processes are started as they are needed.
    /// - Throws: `ImageError` with `decoderFailed` if they cannot be started.
    @discardableResult
    package func start() throws(ImageError) -> [String] {
        var fences: [String] = []
        for _ in 0..<limits.idleCount {
            let worker = try makeWorker()
            fences = worker.fences
            checkIn(worker)
        }
        return fences
    }

    /// Number of processes that were replaced, by reason.
    package var failures: [Failure: Int] { state.withLock { $0.failures } }

    func decode(_ bytes: [UInt8], _ options: DecodingOptions, forSide side: Int) async throws -> ReducedImage {
        guard let output = outputs.take() else { throw Self.noMemory }
        var options = options
        options.limits.maximumPixels = min(options.limits.maximumPixels, output.capacity / 3)
        let (limit, outputs) = (options.limits.maximumPixels, outputs)
        return try await perform(bytes, options, side: side, output) { answer throws(ImageError) in
            try answer.picture(in: output, maximumPixels: limit) { outputs.giveBack(output, used: $0) }
        }
    }

    func info(_ bytes: [UInt8], limits: ImageLimits) async throws -> ImageInfo {
        try await perform(bytes, DecodingOptions(limits: limits), side: 1, nil) { answer throws(ImageError) in
            try answer.info()
        }
    }

    private func perform<Result: Sendable>(
        _ bytes: [UInt8],
        _ options: DecodingOptions,
        side: Int,
        _ output: SharedMemory?,
        _ use: (DecodeWorker.Answer) throws(ImageError) -> Result
    ) async throws -> Result {
        // Checked here: the bytes are copied before another process sees them.
        try options.limits.check(byteCount: bytes.count)
        guard let input = input(bytes) else { throw Self.noMemory }
        let job = DecodeWorker.Job(
            input: input,
            byteCount: bytes.count,
            output: output,
            options: options,
            side: side,
            cpuSeconds: limits.cpuSeconds
        )
        while true {
            let worker = try checkOut()
            let outcome = await withTaskCancellationHandler {
                worker.perform(job)
            } onCancel: {
                worker.kill()
            }
            // Such a process may have been killed although it answered, so it is not used again.
            try Task.checkCancellation()
            switch outcome {
            case .answer(let answer):
                try await WorkQueue.Slot.current?.takeBack()
                inputs.giveBack(input, used: bytes.count)
                return try finish(worker, answer, use)
            case .failure(let failure):
                discard(worker, failure)
                throw Self.error(for: failure, ImageFormat.sniff(bytes.span.bytes)?.description ?? "picture")
            case .crowdedOut(let error):
                worker.kill()
                throw error
            case .notStarted: continue
            }
        }
    }

    /// Copies a picture to memory that its decoder can read.
    private func input(_ bytes: [UInt8]) -> SharedMemory? {
        let memory =
            bytes.count <= Self.usualByteCount
            ? inputs.take() : SharedMemory(capacity: bytes.count, isWritable: true)
        bytes.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { memory?.start?.copyMemory(from: start, byteCount: bytes.count) }
        }
        return memory
    }

    /// Uses an answer, and keeps its process unless the answer is nonsense.
    private func finish<Result>(
        _ worker: DecodeWorker,
        _ answer: DecodeWorker.Answer,
        _ use: (DecodeWorker.Answer) throws(ImageError) -> Result
    ) throws(ImageError) -> Result {
        do throws(ImageError) {
            let result = try use(answer)
            checkIn(worker, peakBytes: answer.peakBytes)
            return result
        } catch {
            if error.code == .decoderFailed {
                discard(worker, .garbled)
            } else {
                checkIn(worker, peakBytes: answer.peakBytes)
            }
            throw error
        }
    }

    private static let noMemory = ImageError(
        .decoderFailed,
        "there is no memory to decode the picture: try again in a moment"
    )

    private static func error(for failure: Failure, _ format: String) -> ImageError {
        ImageError(
            .decoderFailed,
            failure == .stalled
                ? "the \(format) takes too long to decode: save it again with another program"
                : "the \(format) made its decoder fail, or needs too much time or memory: save it again with another program"
        )
    }

    private func checkOut() throws(ImageError) -> DecodeWorker {
        if let worker = state.withLock({ $0.idle.popLast() }) { return worker }
        return try makeWorker()
    }

    private func checkIn(_ worker: DecodeWorker, peakBytes: Int = 0) {
        // Memory that a large picture needed is returned only when its process ends.
        guard peakBytes <= 256 << 20, worker.isUsable else { return }
        state.withLock { state in
            if state.idle.count < limits.idleCount { state.idle.append(worker) }
        }
    }

    private func discard(_ worker: DecodeWorker, _ failure: Failure) {
        worker.kill()
        state.withLock { $0.failures[failure, default: 0] += 1 }
    }

    private func makeWorker() throws(ImageError) -> DecodeWorker {
        let worker = state.withLock { state -> DecodeWorker? in
            if let worker = state.starter?.makeWorker() { return worker }
            // The process that starts the others has ended, or never started.
            state.starter = WorkerStarter(program, DecodeWorkerProcess.command + ["\(limits.memoryBytes)"])
            return state.starter?.makeWorker()
        }
        guard let worker else {
            throw ImageError(.decoderFailed, "no process can be started to decode the picture: try again in a moment")
        }
        return worker
    }
}

/// The process that starts the others.
final class WorkerStarter: Sendable {
    private let process: pid_t
    private let control: CInt

    /// Starts a program; nil if that fails.
    init?(_ program: String, _ command: [String]) {
        var ends: [CInt] = [-1, -1]
        guard csandbox_socket_pair(&ends) == 0 else { return nil }
        defer { close(ends[1]) }
        var arguments = command.map { strdup($0) } + [UnsafeMutablePointer<CChar>?.none]
        let variables = ChildEnvironment.variables.map { "\($0)=\($1)" }
        var environment = variables.map { strdup($0) } + [UnsafeMutablePointer<CChar>?.none]
        defer { (arguments + environment).forEach { free($0) } }
        let process = csandbox_spawn(program, &arguments, &environment, ends[1])
        guard process > 0 else {
            close(ends[0])
            return nil
        }
        self.process = process
        control = ends[0]
    }

    deinit {
        close(control)
        // Ends at once, with the processes that it started, and leaves nothing behind.
        csandbox_kill(process, -1)
        waitpid(process, nil, 0)
    }

    /// Starts a process; nil if that fails.
    func makeWorker() -> DecodeWorker? {
        var ends: [CInt] = [-1, -1]
        guard csandbox_socket_pair(&ends) == 0 else { return nil }
        var pidfd: CInt = -1
        let process = csandbox_request(control, ends[1], &pidfd)
        close(ends[1])
        let worker = DecodeWorker(process: process, pidfd: pidfd, socket: ends[0])
        return process > 0 && worker.greet() ? worker : nil
    }
}

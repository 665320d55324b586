internal import Basics
internal import CSandbox
internal import Glibc
internal import Imaging
internal import Scheduling
internal import Synchronization

/// The service's side of one process.
final class DecodeWorker: Sendable {
    /// A picture on its way to its decoder.
    struct Job {
        var input: SharedMemory
        var byteCount: Int
        /// Memory for the pixels; nil if only the header is read.
        var output: SharedMemory?
        var options: DecodingOptions
        /// Length in pixels to which the longer side will be scaled.
        var side: Int
        /// CPU time in seconds.
        var cpuSeconds: Int
    }

    /// What came back for a picture.
    struct Answer {
        fileprivate let reply: csandbox_reply
        var peakBytes: Int { Int(clamping: reply.peak_bytes) }
    }

    enum Outcome {
        case answer(Answer)
        case failure(DecodeWorkerPool.Failure)
        /// Too many other pictures take long already.
        case crowdedOut(SchedulingError)
        /// The process had ended before it saw the picture.
        case notStarted
    }

    /// Time after which a process makes way for others, in milliseconds.
    private static let patience: CInt = 1000
    private static let greetingMilliseconds: CInt = 10_000

    private let process: pid_t
    private let pidfd: CInt
    private let socket: CInt
    private let fenceBits = Atomic<UInt32>(0)
    private let madeWay = Atomic<Bool>(false)

    init(process: pid_t, pidfd: CInt, socket: CInt) {
        self.process = process
        self.pidfd = pidfd
        self.socket = socket
    }

    deinit {
        // The process ends when its socket closes.
        close(socket)
        if pidfd >= 0 { close(pidfd) }
    }

    /// Waits until the process is behind its fences.
    func greet() -> Bool {
        var bits: UInt32 = 0
        guard csandbox_receive(socket, &bits, MemoryLayout<UInt32>.size, nil, 0, Self.greetingMilliseconds) == 1 else {
            return false
        }
        fenceBits.store(bits, ordering: .relaxed)
        return true
    }

    /// Whether the process still has the priority that it started with.
    var isUsable: Bool { !madeWay.load(ordering: .relaxed) }

    /// Names of the fences.
    var fences: [String] {
        let bits = Int(fenceBits.load(ordering: .relaxed))
        return [
            (CSANDBOX_SECCOMP, "seccomp"), (CSANDBOX_NAMESPACES, "namespaces"),
            (CSANDBOX_NO_NEW_PRIVILEGES, "no new privileges"), (CSANDBOX_LIMITS, "limits"),
            (CSANDBOX_NOT_DUMPABLE, "not dumpable"),
        ].filter { bits & $0.0 != 0 }.map(\.1)
    }

    /// Ends the process, at any time and from any thread.
    func kill() { csandbox_kill(process, pidfd) }

    /// Sends a picture and waits for the answer.
    func perform(_ job: Job) -> Outcome {
        var message = csandbox_job()
        message.byte_count = UInt64(job.byteCount)
        message.maximum_bytes = UInt64(job.options.limits.maximumBytes)
        message.maximum_pixels = UInt64(job.options.limits.maximumPixels)
        message.side = UInt64(job.side)
        message.cpu_seconds = UInt32(job.cpuSeconds)
        message.only_header = job.output == nil ? 1 : 0
        message.ignores_profile = job.options.embeddedProfile == .ignore ? 1 : 0
        message.accepts_truncated = job.options.acceptsTruncated ? 1 : 0
        let files = [job.input.file] + (job.output.map { [$0.file] } ?? [])
        guard csandbox_send(socket, &message, MemoryLayout<csandbox_job>.size, files, files.count) else {
            return .notStarted
        }
        var reply = csandbox_reply()
        let size = MemoryLayout<csandbox_reply>.size
        var result = csandbox_receive(socket, &reply, size, nil, 0, Self.patience)
        if result == 0 {
            do throws(SchedulingError) { try makeWay() } catch { return .crowdedOut(error) }
            result = csandbox_receive(socket, &reply, size, nil, 0, CInt(3000 * job.cpuSeconds) - Self.patience)
        }
        switch result {
        case 1: return .answer(Answer(reply: reply))
        case 0: return .failure(.stalled)
        case -2: return .failure(.garbled)
        default: return .failure(.ended)
        }
    }

    /// Lets others have the processor and the slot: a picture that takes this long must not slow them down.
    private func makeWay() throws(SchedulingError) {
        // The priority cannot be raised again.
        madeWay.store(true, ordering: .relaxed)
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(process), 15)
        try WorkQueue.Slot.current?.lend()
    }
}

extension DecodeWorker.Answer {
    private static let nonsense = ImageError(
        .decoderFailed,
        "the picture made its decoder fail: save it again with another program"
    )

    /// The decoded picture, checked: a picture may have taken over the process that it comes from.
    ///
    /// - Parameters:
    ///   - memory: Memory with the pixels.
    ///   - maximumPixels: Limit of the picture's size.
    ///   - release: Called with the number of bytes when the picture is not needed any more.
    /// - Returns: The picture, whose pixels stay in `memory`.
    /// - Throws: The decoder's error; `decoderFailed` if the answer makes no sense.
    func picture(
        in memory: SharedMemory,
        maximumPixels: Int,
        release: @escaping @Sendable (Int) -> Void
    ) throws(ImageError) -> ReducedImage {
        try throwError()
        let (width, height) = try size()
        let reduction = Int(reply.reduction)
        guard width <= maximumPixels / height, [1, 2, 4, 8].contains(reduction) else { throw Self.nonsense }
        let (columns, rows) = ((width + reduction - 1) / reduction, (height + reduction - 1) / reduction)
        let count = columns * rows * 3
        guard count <= memory.capacity, let start = memory.start else { throw Self.nonsense }
        let pixels = RGBImage(
            width: columns,
            height: rows,
            adopting: start.assumingMemoryBound(to: UInt8.self),
            deallocate: { _ in release(count) }
        )
        return ReducedImage(
            pixels: pixels,
            reduction: reduction,
            width: width,
            height: height,
            isTruncated: reply.is_truncated != 0
        )
    }

    /// The picture's format and size, checked.
    func info() throws(ImageError) -> ImageInfo {
        try throwError()
        let (width, height) = try size()
        var reply = reply
        let name = withUnsafeBytes(of: &reply.format) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard let format = ImageFormat(name: name) else { throw Self.nonsense }
        return ImageInfo(format: format, width: width, height: height)
    }

    private func size() throws(ImageError) -> (width: Int, height: Int) {
        let range: ClosedRange<UInt64> = 1...1 << 31
        guard range.contains(reply.width), range.contains(reply.height) else { throw Self.nonsense }
        return (Int(reply.width), Int(reply.height))
    }

    private func throwError() throws(ImageError) {
        guard reply.code_count > 0 else { return }
        var reply = reply
        let code = withUnsafeBytes(of: &reply.code) { bytes in
            String(decoding: bytes.prefix(Int(reply.code_count)), as: UTF8.self)
        }
        let message = withUnsafeBytes(of: &reply.message) { bytes in
            String(decoding: bytes.prefix(Int(reply.message_count)), as: UTF8.self)
        }
        guard let code = ImageError.Code(rawValue: code) else { throw Self.nonsense }
        throw ImageError(code, message.printable(limit: 400))
    }
}

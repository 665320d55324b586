internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Subprocess

/// Reads moving pictures with ffmpeg, in a process of its own: no codec runs in this one.
package struct VideoReader: Sendable {
    /// Which pictures are read.
    package enum Rate: Hashable, Sendable {
        case all
        /// Every Nth picture, from the first.
        case every(Int)
        /// At most so many per second.
        case perSecond(Double)
        /// Exactly so many per second: some pictures come twice or never.
        case constant(Double)
    }

    package let source: VideoSource
    /// Length in pixels to which the longer side will be scaled.
    package var side = Int.max
    package var rate = Rate.all
    /// Where to start, in seconds.
    package var start = 0.0
    /// Number of the picture there.
    package var firstIndex = 0
    /// Where to end, in seconds; nil for the end.
    package var end: Double?
    /// Maximum number of pixels of a picture.
    package var maximumPixels = 50_000_000
    /// Time in seconds without a picture after which the source counts as stalled.
    package var patience = 10
    package var policy = FrameQueue.Policy.wait
    /// Pictures in memory.
    package var buffers = 4
    /// Whether a picture's time is that of its arrival, not its own: MJPEG over HTTP has none, and ffmpeg invents 25 pictures
    /// per second.
    package var countsArrival = false

    package init(_ source: VideoSource) {
        self.source = source
    }

    /// Reads the pictures while `body` uses them.
    ///
    /// - Parameter body: Takes the pictures. When it returns, reading ends.
    /// - Returns: What `body` returns.
    /// - Throws: ``VideoError``, from the queue and afterwards; errors of `body`; `CancellationError`.
    package func read<Result: Sendable>(_ body: (FrameQueue) async throws -> Result) async throws -> Result {
        let queue = FrameQueue(policy: policy, buffers: buffers)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await run(into: queue)
                    queue.close()
                } catch {
                    queue.close(error as? VideoError)
                }
            }
            // Before the group waits for the reader, which may wait for the queue.
            defer {
                queue.discard()
                group.cancelAll()
            }
            return try await body(queue)
        }
    }

    private func run(into queue: FrameQueue) async throws {
        let pictures = try Pipe()
        let log = try Pipe()
        let input = try FFmpeg.input(source.list)
        let reader = FrameReader(
            pictures: pictures.reading,
            log: log.reading,
            settings: FrameReader.Settings(
                side: side,
                maximumPixels: maximumPixels,
                start: start,
                end: end,
                step: step,
                firstIndex: firstIndex,
                patience: patience
            ),
            queue: queue
        )
        let result = try await FFmpeg.run(
            .reader,
            arguments: arguments,
            input: input.input,
            output: pictures.writing.output,
            error: log.writing.output,
            handing: [input, pictures.writing, log.writing]
        ) { stop in
            let outcome = try await FFmpeg.onThread { () throws(VideoError) in try reader.run() }
            if !outcome.isComplete { stop() }
            return outcome
        }
        try Task.checkCancellation()
        let outcome = result.closureResult
        guard outcome.isComplete else { return }
        let reason = reason(outcome.errors)
        guard outcome.count > 0, result.terminationStatus == .exited(0), !source.isEndless else {
            let text =
                reason ?? (source.isEndless ? "it stopped sending" : "ffmpeg ended with \(result.terminationStatus)")
            throw VideoError(.unreadable, outcome.count == 0 ? "cannot be read: \(text)" : "ended: \(text)")
        }
        queue.note(problem: reason)
    }

    /// What to tell of ffmpeg's errors; nil without any.
    private func reason(_ errors: [String]) -> String? {
        // The list that an address comes in; the reason stands in other lines, if the system gave one.
        let isList = { (error: String) in error.hasPrefix("Impossible to open") || error.hasPrefix("pipe:0: ") }
        // The last errors are consequences of the first.
        let error = errors.first { !isList($0) } ?? errors.last.map { $0.replacing("pipe:0: ", with: "") }
        return error.map { source.redacting($0) }
    }

    /// Seconds from a picture to just before the next one that is read.
    ///
    /// - Parameter rate: Pictures per second of the source.
    /// - Returns: Half a picture less than to the next one, whose time is not known exactly.
    package func gap(at rate: Double) -> Double {
        switch self.rate {
        case .perSecond(let wanted) where wanted < rate: Self.leastGap(at: wanted) - 0.001
        default: (Double(step) - 0.5) / rate
        }
    }

    /// Seconds from a picture to the next one that is read, at a limited rate: one that is barely early counts.
    private static func leastGap(at rate: Double) -> Double { 0.98 / rate }

    /// Step of the pictures' numbers.
    package var step: Int { if case .every(let step) = rate { step } else { 1 } }

    private var arguments: [String] {
        var arguments = FFmpeg.quiet + ["-loglevel", "repeat+level+info"]
        if start > 0 { arguments += ["-ss", "\(start)"] }
        arguments += source.inputArguments
        let selection: [String] =
            switch rate {
            case .all, .every(1): []
            case .every(let count): ["select='not(mod(n,\(count)))'"]
            case .constant(let rate): ["fps=\(rate)"]
            case .perSecond(let rate):
                // Times that jump back start anew.
                [
                    "select='isnan(t)+isnan(prev_selected_t)+lt(t,prev_selected_t)"
                        + "+gte(t-prev_selected_t,\(Self.leastGap(at: rate)))'"
                ]
            }
        let times = countsArrival ? ["setpts='(RTCTIME-RTCSTART)/(TB*1000000)'"] : []
        let filters = times + selection + ["showinfo=checksum=0", VideoScaling.filter(forSide: side)]
        return arguments + [
            "-map", "0:V:0", "-vf", filters.joined(separator: ","), "-fps_mode", "passthrough",
            // With more threads, its encoder of raw pictures keeps each one until the next comes.
            "-pix_fmt", "rgb24", "-threads", "1", "-f", "rawvideo", "pipe:1",
        ]
    }
}

extension VideoSource {
    /// Time in microseconds after which a network source fails.
    private static let timeout = 5_000_000

    /// The options and the name of ffmpeg's input.
    ///
    /// An address goes through standard input, because every user of the machine sees a process's arguments.
    package var inputArguments: [String] {
        switch kind {
        case .file: ["-protocol_whitelist", "file", "-i", "file:\(location)"]
        case .device: ["-f", "v4l2", "-i", location]
        case .network:
            [
                "-protocol_whitelist", "pipe,rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto",
                "-f", "concat", "-safe", "0", "-i", "pipe:0",
            ]
        }
    }

    /// What ffmpeg reads from its standard input.
    package var list: String {
        guard kind == .network else { return "" }
        let isRTSP = location.lowercased().hasPrefix("rtsp")
        let options = isRTSP ? ["rtsp_transport tcp", "timeout \(Self.timeout)"] : ["rw_timeout \(Self.timeout)"]
        return (["ffconcat version 1.0", "file '\(location)'"] + options.map { "option \($0)" })
            .joined(separator: "\n") + "\n"
    }
}

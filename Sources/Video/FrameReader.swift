internal import CProcess
internal import Glibc
internal import Imaging

/// Reads what ffmpeg writes: pictures from one pipe, its log from another.
final class FrameReader: Sendable {
    struct Settings: Sendable {
        /// Length in pixels to which the longer side will be scaled.
        var side: Int
        var maximumPixels: Int
        /// The first picture's time in seconds.
        var start: Double
        /// Time in seconds of the first picture that is not wanted any more; nil for none.
        var end: Double?
        /// Step of the pictures' numbers.
        var step: Int
        /// Number of the first picture.
        var firstIndex: Int
        /// Time in seconds without a picture after which the source counts as stalled.
        var patience: Int
    }

    /// Seconds in which the first picture must come.
    private static let firstPatience = 30

    private let pictureEnd: PipeEnd
    private let logEnd: PipeEnd
    private let settings: Settings
    private let queue: FrameQueue

    /// - Parameters:
    ///   - pictures: The pipe with the pictures.
    ///   - log: The pipe with the log.
    ///   - settings: What is read.
    ///   - queue: Receives the pictures.
    init(pictures: PipeEnd, log: PipeEnd, settings: Settings, queue: FrameQueue) {
        pictureEnd = pictures
        logEnd = log
        self.settings = settings
        self.queue = queue
        for file in [pictures.file, log.file] { _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK) }
        // Fewer changes between processes. More than the system allows changes nothing.
        cprocess_widen_pipe(pictures.file, 1 << 20)
    }

    private var pictures: CInt { pictureEnd.file }
    private var log: CInt { logEnd.file }

    /// What came until ffmpeg ended.
    struct Outcome: Sendable {
        var count = 0
        var errors: [String] = []
        /// Whether ffmpeg had nothing more to send.
        var isComplete = false
    }

    /// Reads until ffmpeg closes its pipes or the queue is closed; blocks the thread.
    ///
    /// - Throws: ``VideoError`` if nothing comes for too long, or if a picture is too large or of another size.
    func run() throws(VideoError) -> Outcome {
        var outcome = Outcome()
        var lines = FFmpegLog()
        var first: FFmpegLog.Picture?
        var current: (picture: FFmpegLog.Picture, reduction: Int, start: UnsafeMutablePointer<UInt8>, count: Int)?
        var filled = 0
        var isLogOpen = true
        var lastProgress = ContinuousClock.now
        defer { if let current { queue.giveBack(FrameQueue.Buffer(start: current.start, count: current.count)) } }
        while true {
            if current == nil, let picture = lines.nextPicture() {
                let reduction = try check(picture, first)
                first = first ?? picture
                if let end = settings.end, settings.start + (picture.time ?? 0) >= end - 0.0005 { return outcome }
                let count = 3 * picture.width.divided(by: reduction) * picture.height.divided(by: reduction)
                guard let buffer = queue.buffer(count: count) else { return outcome }
                current = (picture, reduction, buffer.start, buffer.count)
                lastProgress = .now
            }
            var files = [
                pollfd(fd: isLogOpen ? log : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: current == nil ? -1 : pictures, events: Int16(POLLIN), revents: 0),
            ]
            // Without a picture's line, only the end of the log tells that there are no more.
            if !isLogOpen, current == nil { break }
            let ready = poll(&files, 2, 500)
            // A source that sends only garbage fills the log. Before the first picture, ffmpeg looks at some seconds of it.
            let patience = first == nil ? max(settings.patience, Self.firstPatience) : settings.patience
            guard ContinuousClock.now - lastProgress <= .seconds(patience) else {
                throw VideoError(.stalled, "sent no picture for \(patience) s")
            }
            guard ready > 0 else { continue }
            if files[0].revents != 0 { isLogOpen = readLog(&lines) }
            guard let (picture, reduction, start, count) = current, files[1].revents != 0 else { continue }
            let received = read(pictures, start + filled, count - filled)
            if received < 0, errno == EAGAIN || errno == EINTR { continue }
            guard received > 0 else { break }
            filled += received
            lastProgress = .now
            guard filled == count else { continue }
            current = nil
            filled = 0
            queue.put(FrameQueue.Buffer(start: start, count: count)) { start, release in
                frame(outcome.count, picture, reduction, start, release)
            }
            outcome.count += 1
        }
        while isLogOpen { isLogOpen = waitForLog() && readLog(&lines) }
        (outcome.errors, outcome.isComplete) = (lines.errors, true)
        return outcome
    }

    private func check(_ picture: FFmpegLog.Picture, _ first: FFmpegLog.Picture?) throws(VideoError) -> Int {
        if let first, first.width != picture.width || first.height != picture.height {
            throw VideoError(.sizeChanged, "changed its size to \(picture.width)x\(picture.height) pixels")
        }
        guard picture.width <= settings.maximumPixels / picture.height else {
            throw VideoError(
                .tooLarge,
                "has pictures of \(picture.width)x\(picture.height) pixels; at most \(settings.maximumPixels) pixels are "
                    + "allowed"
            )
        }
        return VideoScaling.reduction(width: picture.width, height: picture.height, forSide: settings.side)
    }

    private func frame(
        _ number: Int,
        _ picture: FFmpegLog.Picture,
        _ reduction: Int,
        _ start: UnsafeMutablePointer<UInt8>,
        _ release: @escaping FrameQueue.FrameRelease
    ) -> VideoFrame {
        let pixels = RGBImage(
            width: picture.width.divided(by: reduction),
            height: picture.height.divided(by: reduction),
            adopting: start,
            deallocate: release
        )
        return VideoFrame(
            index: settings.firstIndex + settings.step * number,
            time: settings.start + (picture.time ?? 0),
            arrival: .now,
            picture: ReducedImage(
                pixels: pixels,
                reduction: reduction,
                width: picture.width,
                height: picture.height
            )
        )
    }

    /// Reads what the log holds; false at its end.
    private func readLog(_ lines: inout FFmpegLog) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = read(log, &bytes, bytes.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        lines.add(bytes.prefix(count))
        return count > 0
    }

    /// Waits a moment for the rest of the log; false if there is none.
    private func waitForLog() -> Bool {
        var file = pollfd(fd: log, events: Int16(POLLIN), revents: 0)
        return poll(&file, 1, 1000) > 0
    }
}

extension Int {
    fileprivate func divided(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}

internal import Basics
internal import DecodeWorkers
internal import DetectionPipeline
internal import Imaging
internal import ObjectDetection
internal import Scheduling
internal import Synchronization
internal import Video
internal import YOLO

/// Detects objects in the pictures of one video, several at a time, and follows them from one to the next.
struct VideoRun {
    /// Where a run that was interrupted continues.
    struct Position {
        /// Number of the last picture with a result.
        var frame: Int
        /// Its time in seconds.
        var time: Double
    }

    let video: PictureList.Picture
    let source: VideoSource
    let info: VideoInfo?
    let pipeline: DetectionPipeline
    let request: DetectionRequest
    /// Which pictures are processed.
    let rate: VideoReader.Rate
    let shard: Shard?
    /// Whether pictures in which nothing moves are skipped.
    let isGated: Bool
    /// Pictures processed at the same time.
    let inFlight: Int

    private static let usualRate = 25.0

    /// - Throws: `VideoError` if the video cannot be read; `CancellationError`.
    init(
        _ video: PictureList.Picture,
        pipeline: DetectionPipeline,
        request: DetectionRequest,
        rate: VideoReader.Rate,
        shard: Shard?,
        isGated: Bool,
        inFlight: Int
    ) async throws {
        self.video = video
        source =
            VideoSource.isAddress(video.path) ? try VideoSource(address: video.path) : VideoSource(file: video.path)
        // A camera that is asked twice takes twice as long to answer.
        info = source.isLive ? nil : try await VideoInfo(of: source)
        if shard != nil, info?.duration == nil {
            throw VideoError(.unreadable, "cannot be divided by --shard: its duration is not known")
        }
        self.pipeline = pipeline
        self.request = request
        self.rate = rate
        self.shard = shard
        self.isGated = isGated
        self.inFlight = inFlight
    }

    /// Pictures per second of the video itself.
    var videoRate: Double { info?.rate ?? Self.usualRate }

    /// Pictures per second that are processed.
    var processedRate: Double {
        switch rate {
        case .all: videoRate
        case .every(let count): videoRate / Double(count)
        case .perSecond(let rate), .constant(let rate): min(rate, videoRate)
        }
    }

    /// The share's part of the video, in seconds.
    var part: (start: Double, end: Double?) {
        guard let shard, let duration = info?.duration else { return (0, nil) }
        // 1/3 is the first part; 0/3 is the same as 3/3.
        let position = (shard.index + shard.count - 1) % shard.count
        return (
            duration * Double(position) / Double(shard.count),
            position == shard.count - 1 ? nil : duration * Double(position + 1) / Double(shard.count)
        )
    }

    /// About how many pictures are processed; nil if that is not known.
    var frameCount: Int? {
        info?.duration.map { Int((((part.end ?? $0) - part.start) * processedRate).rounded()) }
    }

    /// About how many pictures this part of the video has; nil if that is not known.
    var pictureCount: Int? { info?.duration.map { Int((((part.end ?? $0) - part.start) * videoRate).rounded()) } }

    /// Processes the pictures.
    ///
    /// - Parameters:
    ///   - position: The last picture with a result; nil to begin.
    ///   - follower: Follows the objects, and has seen those up to the position.
    ///   - handle: Receives the records in the order of the pictures.
    /// - Throws: `VideoError` after the pictures that could be read; `InferenceError`; errors of `handle`.
    func run(
        after position: Position? = nil,
        following follower: ObjectFollower,
        _ handle: (PictureRecord) throws -> Void
    ) async throws {
        var reader = VideoReader(source)
        reader.side = request.decodingSide
        reader.rate = rate
        reader.maximumPixels = pipeline.decoder.options.limits.maximumPixels
        (reader.start, reader.end) = part
        // The first picture that is not before the start; times are rounded.
        reader.firstIndex = Int((part.start * videoRate - 0.01).rounded(.up))
        if let position {
            reader.start = position.time + reader.gap(at: videoRate)
            reader.firstIndex = position.frame + reader.step
        }
        reader.buffers = inFlight + 3
        // Several pictures that are not processed may lie between two that are.
        reader.patience = max(reader.patience, Int(min(3 / processedRate, 1e6).rounded(.up)))
        var follower = follower
        // The last picture is known when no other comes; a camera has none.
        var held: PictureRecord?
        let request = request.with(settings: follower.detectionSettings)
        let gate = isGated ? Mutex(MotionGate { request.settings.ignored(width: $0, height: $1) }) : nil
        do {
            let problem = try await reader.read { queue in
                try await forEachInOrder(
                    {
                        try await queue.next().map { frame in
                            (frame, gate?.withLock { $0.decide(on: frame.picture, at: frame.time) } ?? .detect)
                        }
                    },
                    inFlight: inFlight,
                    on: pipeline.workers,
                    { [pipeline] frame, decision in
                        if decision == .skip { return Found(frame) }
                        return try await pipeline.detect(request, picture: .pixels { frame.picture }) { report in
                            Found(frame, report)
                        }
                    },
                    handle: { found in
                        let record = try record(of: found, by: &follower)
                        guard !source.isLive else { return try handle(record) }
                        if let held { try handle(held) }
                        held = record
                    }
                )
                return queue.problem
            }
            try check(held?.time ?? 0, problem)
        } catch let error as VideoError {
            if let held { try handle(held) }
            throw error
        }
        if var held {
            held.isLast = true
            try handle(held)
        }
    }

    /// Finds out whether a video ended before it should.
    private func check(_ lastTime: Double, _ problem: String?) throws(VideoError) {
        // Sound may go on longer, so that the time alone tells nothing.
        guard let problem, let duration = info?.duration, let end = [part.end, duration].compactMap(\.self).min(),
            lastTime < end - max(0.5, 2 / processedRate)
        else { return }
        throw VideoError(.unreadable, "ended early, at \(lastTime) of \(duration) s: \(problem)")
    }

    /// The detections of a picture, without its pixels, which make room for the next one.
    private struct Found: Sendable {
        var index: Int
        var time: Double
        var width: Int
        var height: Int
        /// nil for a picture that was skipped.
        var detections: [Detection]?

        init(_ frame: VideoFrame, _ report: DetectionReport? = nil) {
            index = frame.index
            time = (frame.time * 1e3).rounded() / 1e3
            (width, height) = (frame.picture.width, frame.picture.height)
            detections = report?.detections
        }
    }

    private func record(of found: Found, by follower: inout ObjectFollower) throws -> PictureRecord {
        let report =
            try found.detections.map { detections in
                try follower.report(detections, width: found.width, height: found.height, at: found.time)
            } ?? follower.hold(to: found.time)
        var record = PictureRecord(
            file: video.name,
            width: found.width,
            height: found.height,
            model: request.detector.model.name,
            objects: report.map { Array($0.objects) } ?? []
        )
        record.others = report?.others
        record.isStill = found.detections == nil ? true : nil
        record.frame = found.index
        record.time = found.time
        return record
    }
}

internal import Basics
internal import DetectionPipeline
internal import Foundation
internal import Imaging
internal import JSONSchema
internal import Logging
internal import ModelServing
internal import ObjectDetection
internal import Scheduling
internal import Synchronization
internal import Video
internal import YOLO

/// Watches one stream: reads it, detects and follows objects, and reports what happens to them.
///
/// It goes on after every failure: a camera that was switched off is found again within seconds.
final class StreamRunner: KeptRunner {
    /// What all streams share.
    struct Environment: Sendable {
        var models: ModelRegistry
        var pipeline: DetectionPipeline
        var history: EventHistory
        /// Replaces names of kept zones by the zones.
        var resolve: @Sendable (Values) async throws -> Values
        /// Those who listen to all streams.
        var broadcast: Broadcast
        var maximumSubscribers: Int
        var maximumPixels: Int
        var logger: Logger
    }

    /// Flow of the queue that all streams share, so that they leave half of it to requests.
    private static let flow = "streams"
    /// Time in which a picture must get a slot; a newer one comes anyway.
    private static let patience = Duration.seconds(2)
    /// Pauses after failures in a row, in seconds.
    private static let pauses = [0.5, 1, 2, 4]
    private static let pictureQuality = 80

    let name: String
    let configuration: StreamConfiguration
    let feed: StreamFeed
    private let environment: Environment
    private let current = Mutex(StreamState())
    private let hasHistoryFailed = Atomic<Bool>(false)
    private let logger: Logger

    init(
        _ name: String,
        _ configuration: StreamConfiguration,
        after previous: StreamRunner?,
        _ environment: Environment
    ) {
        self.name = name
        self.configuration = configuration
        self.environment = environment
        feed = StreamFeed(
            of: name,
            maximumSubscribers: environment.maximumSubscribers,
            all: environment.broadcast,
            // So that there is a picture until the next one.
            moment: previous?.configuration.source == configuration.source ? previous?.feed.moment : nil
        )
        var logger = environment.logger
        logger[metadataKey: "stream"] = .string(name)
        self.logger = logger
    }

    var state: StreamState { current.withLock { $0 } }

    /// Runs until the task is cancelled.
    func run() async {
        var failures = 0
        while !Task.isCancelled {
            let frames = state.frames
            var reason = "ended"
            do {
                let isReplaced = try await withTaskExecutorPreference(environment.pipeline.workers) {
                    try await watch()
                }
                if isReplaced { continue }
            } catch {
                reason = error.explanation
            }
            guard !Task.isCancelled else { break }
            failures = state.frames > frames ? 1 : failures + 1
            let text = reason.printable(limit: 300)
            let pause = Self.pauses[min(failures, Self.pauses.count) - 1]
            let isNews = current.withLock { state in
                defer { (state.phase, state.reason) = (.waiting, text) }
                state.failures += 1
                return state.phase == .running || state.reason != text
            }
            // Not each time while a camera is off.
            if isNews { logger.warning("The stream failed", metadata: ["reason": "\(text)"]) }
            try? await Task.sleep(for: .seconds(pause))
        }
        feed.end()
    }

    func forget() async {
        feed.end()
        await withTaskExecutorPreference(environment.pipeline.workers) { environment.history.remove(name) }
    }

    func isContinued(by configuration: StreamConfiguration) -> Bool { true }

    /// Watches until the source ends or fails.
    ///
    /// - Returns: Whether it ended because the model was replaced.
    private func watch() async throws -> Bool {
        current.withLock { if $0.phase != .waiting { $0.phase = .connecting } }
        let detector = try environment.models.detector(named: configuration.model)
        let values = try await environment.resolve(configuration.values)
        var settings = try DetectionSettings(values, for: detector.model, at: "body")
        settings.options.masks = false
        settings.masks = .none
        var reader = VideoReader(configuration.source)
        reader.rate = .perSecond(configuration.rate)
        reader.policy = .newest
        reader.countsArrival = configuration.source.mayLackTimes
        reader.maximumPixels = environment.maximumPixels
        // One that is read, one that waits, one that is detected in, the last one, and some that are being drawn.
        reader.buffers = 8
        reader.patience = max(5, Int((3 / configuration.rate).rounded(.up)))
        var session = Session(
            follower: ObjectFollower(settings, labels: detector.model.labels, rate: configuration.rate),
            detector: detector,
            zones: settings.zones,
            gate: MotionGate { [settings] in settings.ignored(width: $0, height: $1) },
            watch: ObjectWatch(
                anchor: settings.anchor,
                stay: configuration.stay,
                hasZones: settings.zones.map { !$0.zones.isEmpty } ?? false
            ),
            noZones: Dictionary((settings.zones?.zones ?? []).map { ($0.name, 0) }) { zero, _ in zero }
        )
        reader.side = DetectionRequest(detector, settings: session.follower.detectionSettings).decodingSide
        defer {
            for change in session.watch.end() {
                report(change, at: Self.now, picture: nil, pictureID: session.pictures[change.track])
            }
            current.withLock { $0.note(StreamState.Presence(zones: session.noZones)) }
        }
        current.withLock { $0.note(StreamState.Presence(zones: session.noZones)) }
        return try await reader.read { queue in
            var dropped = 0
            while let frame = try await queue.next() {
                let drops = queue.dropped
                note(frame, dropped: drops - dropped)
                dropped = drops
                guard try await look(at: frame, &session) else { return true }
            }
            return false
        }
    }

    /// What is known since the source was opened.
    private struct Session {
        var follower: ObjectFollower
        var detector: any ObjectDetector
        let zones: Zones?
        var gate: MotionGate
        var watch: ObjectWatch
        /// Each zone, with no object in it.
        let noZones: [String: Int]
        /// Ids of the events with the pictures of objects, by their numbers.
        var pictures: [Int: String] = [:]
    }

    /// Looks at a picture; false if the model was replaced, so that the stream has to begin again.
    private func look(at frame: VideoFrame, _ session: inout Session) async throws -> Bool {
        let detector = try environment.models.detector(named: configuration.model)
        guard detector.model.sha256 == session.detector.model.sha256 else { return false }
        let time = Self.now - (ContinuousClock.now - frame.arrival) / .seconds(1)
        let report: ObjectFollower.Report?
        if configuration.gate == .on, session.gate.decide(on: frame.picture, at: time) == .skip {
            report = session.follower.hold(to: time)
            current.withLock { $0.gated += 1 }
        } else {
            do {
                report = try await detect(in: frame, detector, at: time, &session.follower)
                current.withLock { $0.inferred += 1 }
            } catch is SchedulingError {
                current.withLock { $0.dropped += 1 }
                return true
            }
        }
        guard let report else { return true }
        let objects = Array(report.objects)
        if session.watch.lines.isEmpty {
            session.watch.lines = configuration.lines(width: frame.picture.width, height: frame.picture.height)
        }
        let changes = session.watch.look(
            at: objects,
            outside: report.outside,
            living: session.follower.living,
            time: time
        )
        let moment = StreamFeed.Moment(
            picture: frame.picture,
            report: report,
            zones: session.zones?.regions(width: frame.picture.width, height: frame.picture.height) ?? [],
            time: time
        )
        feed.publish(moment)
        for change in changes { try await self.report(change, at: time, moment, &session) }
        var presence = session.watch.presence
        presence.zones.merge(session.noZones) { count, _ in count }
        let lag = (ContinuousClock.now - frame.arrival) / .seconds(1)
        current.withLock { [presence] state in
            state.note(presence)
            state.lag = (lag * 1e3).rounded() / 1e3
        }
        return true
    }

    private func detect(
        in frame: VideoFrame,
        _ detector: any ObjectDetector,
        at time: Double,
        _ follower: inout ObjectFollower
    ) async throws -> ObjectFollower.Report {
        let request = DetectionRequest(detector, settings: follower.detectionSettings)
        let detections = try await environment.pipeline.detect(
            request,
            flow: Self.flow,
            deadline: .now.advanced(by: Self.patience),
            picture: .pixels { frame.picture },
            output: \.detections
        )
        return try follower.report(
            detections,
            width: frame.picture.width,
            height: frame.picture.height,
            at: time
        )
    }

    private func report(
        _ change: ObjectWatch.Change,
        at time: Double,
        _ moment: StreamFeed.Moment,
        _ session: inout Session
    ) async throws {
        let picture =
            change.kind == .left
            ? nil : try moment.picture.pixels.encoded(as: .jpeg, quality: Self.pictureQuality)
        let id = report(change, at: time, picture: picture, pictureID: session.pictures[change.track])
        session.pictures[change.track] = change.kind == .left ? nil : id
    }

    /// Writes an event, and then tells others.
    ///
    /// An event that cannot be written is reported to nobody; the stream goes on.
    @discardableResult
    private func report(
        _ change: ObjectWatch.Change,
        at time: Double,
        picture: [UInt8]?,
        pictureID: String? = nil
    ) -> String? {
        do {
            let id = try write(change, at: time, picture: picture, pictureID: pictureID)
            hasHistoryFailed.store(false, ordering: .relaxed)
            return id
        } catch {
            if !hasHistoryFailed.exchange(true, ordering: .relaxed) {
                logger.error("Events cannot be kept: see --events", metadata: ["reason": "\(error.explanation)"])
            }
            return nil
        }
    }

    private func write(
        _ change: ObjectWatch.Change,
        at time: Double,
        picture: [UInt8]?,
        pictureID: String?
    ) throws -> String {
        var line: [UInt8] = []
        let id = try environment.history.append(at: time, of: name, picture: picture) { id in
            let event = ObjectEvent(
                id: id,
                stream: name,
                kind: change.kind,
                time: (time * 1e3).rounded() / 1e3,
                track: change.track,
                className: change.object.className,
                classID: change.object.classID,
                score: change.object.score,
                box: change.object.box,
                age: change.object.age ?? 0,
                zones: change.zones,
                entered: change.entered,
                exited: change.exited,
                crossed: change.crossed,
                stayed: change.stayed,
                pictureID: picture == nil ? pictureID : id
            )
            line = try event.json()
            return line
        }
        current.withLock { state in
            state.events += 1
            for (line, direction) in change.crossed { state.crossings[line, default: [:]][direction, default: 0] += 1 }
        }
        feed.publish(event: id, line: line)
        return id
    }

    private func note(_ frame: VideoFrame, dropped: Int) {
        let isNew = current.withLock { state in
            defer { state.phase = .running }
            state.frames += 1 + dropped
            state.dropped += dropped
            (state.width, state.height) = (frame.picture.width, frame.picture.height)
            state.lastFrame = (Self.now * 1e3).rounded() / 1e3
            return state.phase != .running
        }
        if isNew {
            logger.info(
                "The stream runs",
                metadata: ["size": "\(frame.picture.width)x\(frame.picture.height)"]
            )
        }
    }

    /// Seconds since 1970.
    private static var now: Double { Date().timeIntervalSince1970 }
}

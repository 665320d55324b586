internal import DecodeWorkers
internal import DetectionPipeline
internal import FoundationEssentials
internal import Imaging
internal import Scheduling
internal import Synchronization
internal import Video
internal import YOLO

/// Draws the results of a video on a copy of it.
struct VideoDrawing {
    let run: VideoRun
    /// Path of the copy.
    let path: String

    /// Writes the copy.
    ///
    /// - Parameters:
    ///   - records: Returns the next result of the video, nil after the last.
    ///   - progress: Receives the number of pictures that were drawn.
    /// - Throws: `VideoError` if the video cannot be read or the copy not be written; errors of `records`.
    func draw(
        _ records: @escaping () throws -> PictureRecord?,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        guard let first = try records() else { return }
        var isFirst = true
        let boxes = SmoothBoxes {
            defer { isFirst = false }
            return isFirst ? first : try records()
        }
        do {
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw VideoError(.notWritten, "cannot be written: \(path) needs a folder")
        }
        var reader = VideoReader(run.source)
        reader.rate = .constant(run.videoRate)
        reader.maximumPixels = run.pipeline.decoder.options.limits.maximumPixels
        (reader.start, reader.end) = run.part
        reader.buffers = run.inFlight + 3
        var settings = VideoWriter.Settings(path: path, width: first.width, height: first.height, rate: run.videoRate)
        settings.sound = run.info?.soundCodec.map { (run.video.path, $0) }
        (settings.start, settings.end) = run.part
        let painter = DetectionPainter(labels: run.request.detector.model.labels)
        let zones = run.request.settings.zones?.regions(width: first.width, height: first.height) ?? []
        let source = Boxes(boxes)
        try await VideoWriter.write(settings) { [reader, run] writer in
            // The pictures are written where they may wait.
            try await run.pipeline.workers.perform {
                var count = 0
                try await reader.read { queue in
                    try await forEachInOrder(
                        { try await queue.next().map { ($0, try source.objects(at: $0.time)) } },
                        inFlight: run.inFlight,
                        on: run.pipeline.workers,
                        { frame, objects in
                            try painter.draw(
                                objects.map(\.detection),
                                numbers: objects.map(\.track),
                                zones: zones,
                                on: frame.picture.pixels
                            )
                        },
                        handle: { image in
                            try writer.add(image)
                            count += 1
                            progress(count)
                        }
                    )
                }
            }
        }
    }

    /// The boxes, used by one task after the other.
    private final class Boxes: @unchecked Sendable {
        private let lock = Mutex(())
        private var boxes: SmoothBoxes

        init(_ boxes: SmoothBoxes) {
            self.boxes = boxes
        }

        func objects(at time: Double) throws -> [SmoothBoxes.Object] {
            try lock.withLock { _ in try boxes.objects(at: time) }
        }
    }
}

internal import ArgumentParser
internal import DetectionPipeline
internal import FoundationEssentials
internal import Video
internal import YOLO

/// Whether pictures in which nothing moves are skipped.
enum Gate: String, CaseIterable, ExpressibleByArgument {
    case auto
    case on
    case off
}

extension Detect {
    private var rate: VideoReader.Rate {
        every.map { .every($0) } ?? fps.map { .perSecond($0) } ?? .all
    }

    /// Detects objects in a video, and draws them on a copy if there is a folder for it.
    ///
    /// - Throws: ``CommandError`` if results cannot be written; `InferenceError`. A video that cannot be read is reported.
    func detect(
        _ video: PictureList.Picture,
        by pictures: DetectionRun,
        into folder: ResultsFolder?,
        to output: ResultOutput
    ) async throws {
        do {
            let run = try await VideoRun(
                video,
                pipeline: pictures.pipeline,
                request: pictures.request.withoutDrawing().using(.throughput),
                rate: rate,
                shard: shard,
                isGated: gate == .on || gate == .auto && VideoSource.isAddress(video.path),
                inFlight: pictures.inFlight
            )
            if folder?.has(video) != true { try await detect(run, into: folder, to: output) }
            if let folder, draw { try await drawVideo(run, folder, output) }
        } catch let error as VideoError {
            guard error.code != .notWritten, error.code != .toolMissing else {
                throw CommandError("\(video.shownPath) \(error.message).")
            }
            output.fail(video.shownPath, error.message)
        }
    }

    private func detect(_ run: VideoRun, into folder: ResultsFolder?, to output: ResultOutput) async throws {
        var follower = ObjectFollower(
            run.request.settings,
            labels: run.request.detector.model.labels,
            rate: tracks ? run.processedRate : nil
        )
        var done = 0
        let position = folder?.position(in: run.video)
        if let folder, position != nil {
            let records = try folder.records(of: run.video)
            while let record = try records() {
                follower.replay(
                    record.objects + (record.others ?? []),
                    isStill: record.isStill == true,
                    at: record.time ?? 0
                )
                done += 1
            }
        }
        output.begin("Detecting", total: run.frameCount, unit: "frames")
        try await run.run(after: position, following: follower) { record in
            try output.add(record)
            done += 1
            output.update(done)
        }
        output.finishVideo()
    }

    private func drawVideo(_ run: VideoRun, _ folder: ResultsFolder, _ output: ResultOutput) async throws {
        let path = folder.drawnPath(of: run.video)
        guard !run.source.isLive, !FileManager.default.fileExists(atPath: path) else { return }
        let progress = DrawingProgress(output)
        output.begin("Drawing", total: run.pictureCount, unit: "frames")
        try await VideoDrawing(run: run, path: path).draw(try folder.records(of: run.video)) { progress.update($0) }
    }

    /// The progress, which one task after the other updates.
    private struct DrawingProgress: @unchecked Sendable {
        private let output: ResultOutput

        init(_ output: ResultOutput) {
            self.output = output
        }

        func update(_ done: Int) { output.update(done) }
    }
}

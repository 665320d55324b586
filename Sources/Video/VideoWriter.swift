internal import Dispatch
internal import Glibc
package import Imaging
internal import Subprocess

/// Writes pictures to an MP4 file with ffmpeg: H.264, and the sound of another file.
package final class VideoWriter: Sendable {
    /// What is written.
    package struct Settings: Sendable {
        /// Path of the file, which is replaced when all pictures have been written.
        package var path: String
        /// Width of the pictures in pixels.
        package var width: Int
        /// Height of the pictures in pixels.
        package var height: Int
        /// Pictures per second.
        package var rate: Double
        /// The file with the sound, and its codec; nil for none.
        package var sound: (file: String, codec: String)?
        /// Where the sound starts, in seconds.
        package var start = 0.0
        /// Where the sound ends, in seconds; nil for its end.
        package var end: Double?

        package init(path: String, width: Int, height: Int, rate: Double) {
            self.path = path
            self.width = width
            self.height = height
            self.rate = rate
        }
    }

    private let socket: PipeEnd

    private init(socket: PipeEnd) {
        self.socket = socket
    }

    /// Codecs of sound that players expect in MP4 files; other sound is encoded again.
    private static let copiedSound: Set = ["aac", "mp3", "ac3", "eac3", "alac", "opus"]
    private static let maximumText = 1 << 20

    /// Writes the pictures that `body` adds.
    ///
    /// - Parameters:
    ///   - settings: What is written.
    ///   - body: Adds the pictures.
    /// - Returns: What `body` returns.
    /// - Throws: ``VideoError`` with `toolMissing` or `notWritten`; errors of `body`; `CancellationError`. No file is left
    ///   then, and an older one stays.
    package static func write<Result: Sendable>(
        _ settings: Settings,
        _ body: @escaping @Sendable (VideoWriter) async throws -> Result
    ) async throws -> Result {
        let temporary = "\(settings.path).partial"
        defer { unlink(temporary) }
        // Not a pipe: writing to one whose reader has ended would end this process.
        var sockets: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else {
            throw VideoError(.notWritten, "cannot be written: \(String(cString: strerror(errno)))")
        }
        let writer = VideoWriter(socket: PipeEnd(sockets[0]))
        let input = PipeEnd(sockets[1])
        let result = try await FFmpeg.run(
            .writer,
            arguments: arguments(settings, temporary),
            input: input.input,
            output: .discarded,
            error: .string(limit: maximumText),
            handing: [input]
        ) { _ -> Swift.Result<Result, any Error> in
            // Its end tells ffmpeg that there are no more pictures.
            defer { writer.socket.close() }
            do {
                return .success(try await body(writer))
            } catch let error as Closed {
                // ffmpeg says why.
                return .failure(error)
            }
        }
        try Task.checkCancellation()
        guard result.terminationStatus == .exited(0), case .success(let value) = result.closureResult else {
            let lines = result.standardError.split(separator: "\n").map { FFmpegLog.message(String($0)) }
            let reason = lines.first ?? "ffmpeg ended with \(result.terminationStatus)"
            throw VideoError(.notWritten, "cannot be written: \(reason)")
        }
        guard rename(temporary, settings.path) == 0 else {
            throw VideoError(.notWritten, "cannot be written: \(String(cString: strerror(errno)))")
        }
        return value
    }

    private struct Closed: Error {}

    /// Adds the next picture; blocks the thread.
    ///
    /// - Throws: An error that ``write(_:_:)`` explains.
    package func add(_ image: RGBImage) throws {
        try image.withUnsafePixels { pixels in
            var rest = UnsafeRawBufferPointer(pixels)
            while !rest.isEmpty {
                let count = send(socket.file, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
                guard count > 0 || errno == EINTR else { throw Closed() }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(0, count)))
            }
        }
    }

    private static func arguments(_ settings: Settings, _ path: String) -> [String] {
        var arguments =
            FFmpeg.quiet + [
                "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
                "-video_size", "\(settings.width)x\(settings.height)", "-framerate", "\(settings.rate)", "-i", "pipe:0",
            ]
        if let sound = settings.sound {
            if settings.start > 0 { arguments += ["-ss", "\(settings.start)"] }
            if let end = settings.end { arguments += ["-t", "\(end - settings.start)"] }
            arguments += VideoSource(file: sound.file).inputArguments
            arguments += ["-map", "0:v", "-map", "1:a:0", "-c:a", copiedSound.contains(sound.codec) ? "copy" : "aac"]
        }
        // H.264 needs even sides. Players expect its usual form of colours.
        return arguments + [
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset", "veryfast", "-crf", "21",
            "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", "file:\(path)",
        ]
    }
}

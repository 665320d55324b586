internal import FoundationEssentials
internal import Subprocess

/// What a video file says about itself, which need not be true.
package struct VideoInfo: Sendable {
    /// Pictures per second, in `1...1000`.
    package let rate: Double
    /// Duration in seconds; nil if unknown.
    package let duration: Double?
    /// Codec of its first sound; nil if it has none.
    package let soundCodec: String?

    private static let patience = Duration.seconds(30)
    private static let maximumText = 1 << 20
    /// Longer durations are nonsense: 30 years.
    private static let maximumSeconds = 1e9

    /// Reads the description with ffprobe.
    ///
    /// - Throws: ``VideoError`` if ffprobe is not installed, or the file is no video; `CancellationError`.
    package init(of source: VideoSource) async throws {
        let arguments =
            [
                "-v", "error", "-print_format", "json", "-show_entries",
                "stream=codec_type,codec_name,avg_frame_rate,r_frame_rate,duration:stream_disposition=attached_pic"
                    + ":format=duration",
            ] + source.inputArguments
        let (text, problems) = try await withThrowingTaskGroup(of: (String, String)?.self) { group in
            group.addTask {
                let input = try FFmpeg.input(source.list)
                let result = try await FFmpeg.run(
                    .probe,
                    arguments: arguments,
                    input: input.input,
                    output: .string(limit: Self.maximumText),
                    error: .string(limit: Self.maximumText),
                    handing: [input]
                ) { _ in }
                return (result.standardOutput, result.standardError)
            }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let first else {
                throw VideoError(.stalled, "cannot be read: ffprobe took longer than \(Self.patience)")
            }
            return first
        }
        guard let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)),
            let video = description.streams?.first(where: \.isVideo)
        else {
            let reason = problems.split(separator: "\n").first.map { source.redacting(FFmpegLog.message(String($0))) }
            throw VideoError(.unreadable, reason.map { "cannot be read: \($0)" } ?? "holds no moving pictures")
        }
        let rates = [video.averageRate, video.nominalRate].compactMap { $0.flatMap(Self.number) }
        rate = rates.first { (0.1...1000).contains($0) } ?? 25
        let durations = [video.duration, description.format?.duration].compactMap { $0.flatMap { Double($0) } }
        duration = durations.first { (0.001...Self.maximumSeconds).contains($0) }
        soundCodec = description.streams?.first { $0.type == "audio" }?.codec
    }

    private struct Description: Decodable {
        struct Stream: Decodable {
            enum CodingKeys: String, CodingKey {
                case averageRate = "avg_frame_rate"
                case codec = "codec_name"
                case disposition
                case duration
                case nominalRate = "r_frame_rate"
                case type = "codec_type"
            }

            var averageRate: String?
            var codec: String?
            var disposition: [String: Int]?
            var duration: String?
            var nominalRate: String?
            var type: String?

            /// Pictures of covers do not move.
            var isVideo: Bool { type == "video" && disposition?["attached_pic"] != 1 }
        }

        struct Format: Decodable { var duration: String? }

        var streams: [Stream]?
        var format: Format?
    }

    /// Reads a fraction such as `30000/1001`.
    private static func number(_ fraction: String) -> Double? {
        let parts = fraction.split(separator: "/").compactMap { Double($0) }
        guard parts.count == 2, parts[1] != 0 else { return parts.count == 1 ? parts[0] : nil }
        return parts[0] / parts[1]
    }
}

import Testing
import Video

@Suite struct FFmpegLogTests {
    // Lines of ffmpeg 5.1 and 7.1.
    private static let frames: [(String, FFmpegLog.Picture?)] = [
        (
            "[Parsed_showinfo_0 @ 0x559ae1e03980] [info] n:   1 pts:    512 pts_time:0.0333333 pos:     9440 fmt:yuv420p "
                + "sar:1/1 s:1280x720 i:P iskey:0 type:B ",
            FFmpegLog.Picture(time: 0.0333333, width: 1280, height: 720)
        ),
        (
            "[Parsed_showinfo_1 @ 0x5] [info] n:   0 pts:   NOPTS pts_time:NOPTS   duration:      1 duration_time:0.04 "
                + "fmt:yuvj422p cl:center sar:0/1 s:640x480 i:P iskey:1 type:I",
            FFmpegLog.Picture(time: nil, width: 640, height: 480)
        ),
        ("[Parsed_showinfo_0 @ 0x5] [info] config in time_base: 1/15360, frame_rate: 30/1", nil),
        ("[Parsed_showinfo_0 @ 0x5] [info]   side data - User Data Unregistered:", nil),
        ("[Parsed_showinfo_0 @ 0x5] [info] n: 0 pts_time:1 s:0x480", nil),
        ("[Parsed_showinfo_0 @ 0x5] [info] n: 0 pts_time:1 s:99999999999999999999x480", nil),
        ("[info]   Stream #0:0: Video: h264, pts_time:1 s:1280x720", nil),
    ]

    @Test("pictures have the time and size of their lines", arguments: frames.indices)
    func pictures(index: Int) {
        let (line, expected) = Self.frames[index]
        var log = FFmpegLog()
        // In pieces, as they come through a pipe.
        log.add(line.utf8.prefix(20))
        log.add(line.utf8.dropFirst(20))
        #expect(log.nextPicture() == nil)
        log.add("\n".utf8)
        #expect(log.nextPicture() == expected)
        #expect(log.nextPicture() == nil)
    }

    @Test("the last errors are kept, without the part of ffmpeg that they come from")
    func errors() {
        var log = FFmpegLog()
        log.add("[h264 @ 0x5] [error] error while decoding MB 3 4\n[warning] deprecated pixel format\n".utf8)
        for index in [1, 1, 2, 3, 4, 5] { log.add("[error] [x @ 0x1] problem \(index)\r\n".utf8) }
        #expect(log.errors == (1...5).map { "problem \($0)" })
    }

    @Test("an endless line takes little memory")
    func endless() {
        var log = FFmpegLog()
        for _ in 0..<1000 { log.add([UInt8](repeating: 0x41, count: 1000)) }
        log.add("\n[error] done\n".utf8)
        #expect(log.errors == ["done"])
    }
}

@Suite struct VideoScalingTests {
    // Width, height, needed side, reduction.
    @Test(
        "pictures are reduced if what is left is exactly or well enough",
        arguments: [
            (1280, 720, 640, 2), (640, 480, 640, 1), (1920, 1080, 640, 2), (1270, 720, 640, 1), (3840, 2160, 640, 4),
            (2560, 1440, 640, 4), (720, 1280, 640, 2), (320, 240, 640, 1), (5120, 2880, 640, 8),
            (1280, 720, Int.max, 1),
        ]
    )
    func reduction(width: Int, height: Int, side: Int, expected: Int) {
        #expect(VideoScaling.reduction(width: width, height: height, forSide: side) == expected)
    }
}

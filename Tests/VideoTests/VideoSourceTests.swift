import Testing
import Video

@Suite struct VideoSourceTests {
    @Test(
        "addresses of cameras and streams are accepted",
        arguments: [
            "rtsp://camera.local/stream", "RTSP://10.0.0.7:554/cam?channel=1", "rtsps://[fe80::1]:322/x",
            "http://host:8080/video.mjpg", "https://user:p%20w@host/live.m3u8", "/dev/video0", "/dev/video12",
        ]
    )
    func accepted(address: String) throws {
        #expect(try VideoSource(address: address).isLive)
    }

    @Test(
        "others are refused",
        arguments: [
            "file:///etc/passwd", "concat:a|b", "ftp://host/x", "rtmp://host/x", "rtsp:///x", "rtsp://",
            "rtsp://host/a b",
            "rtsp://host/a'b", "rtsp://host/\nfile '/etc/passwd'", "rtsp://host/ü", "/dev/video", "/dev/video0/../mem",
            "/dev/sda", "", "clip.mp4", "http://host/\\x", "rtsp://host/" + String(repeating: "x", count: 2048),
        ]
    )
    func refused(address: String) {
        #expect {
            try VideoSource(address: address)
        } throws: { error in
            (error as? VideoError)?.code == .invalidAddress
        }
    }

    @Test(
        "descriptions hold no password and no query, messages and what the service shows also no path",
        arguments: [
            ("rtsp://joe:secret@host:554/cam?token=abc", "rtsp://host:554/cam", "rtsp://host:554/…"),
            ("http://joe:se@cret@host/a?b@c", "http://host/a", "http://host/…"),
            ("rtsps://host:7441/key-xyz", "rtsps://host:7441/key-xyz", "rtsps://host:7441/…"),
            ("rtsp://host/?token=abc", "rtsp://host/", "rtsp://host/…"),
            ("https://joe@host", "https://host", "https://host"), ("http://host/", "http://host/", "http://host/"),
        ]
    )
    func redaction(address: String, description: String, origin: String) throws {
        let source = try VideoSource(address: address)
        #expect(source.description == description)
        #expect(source.origin == origin)
        let path = address.contains("key-xyz") ? "/key-xyz" : ""
        let message = source.redacting(
            "Impossible to open '\(address)': 401 for joe:secret@ with secret, ?token=abc \(path)"
        )
        for secret in ["secret", "token", "abc", "se@cret", "key-xyz"] where address.contains(secret) {
            #expect(!message.contains(secret), "\(message)")
        }
        #expect(message.contains("Impossible to open '\(origin)': 401"))
    }

    @Test("an address goes through standard input, a file only by its protocol")
    func inputs() throws {
        let camera = try VideoSource(address: "rtsp://joe:secret@host/cam")
        #expect(camera.inputArguments.allSatisfy { !$0.contains("secret") && !$0.contains("host") })
        #expect(camera.list.contains("file 'rtsp://joe:secret@host/cam'\noption rtsp_transport tcp\n"))
        let file = VideoSource(file: "-i http://host/x")
        #expect(file.inputArguments == ["-protocol_whitelist", "file", "-i", "file:-i http://host/x"])
        #expect(file.list.isEmpty)
    }
}

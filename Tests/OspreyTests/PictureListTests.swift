import TestSupport
import Testing
import osprey

@Suite struct PictureListTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "sub/c.webp", "sub/deep/d.jpeg", "noextension"] {
            try directory.write(name)
        }
    }

    private func names(_ arguments: [String], without results: [String] = []) throws -> [String] {
        try PictureList(arguments, without: results).pictures.map(\.name)
    }

    @Test("a folder is searched recursively, sorted by path, without hidden and other files")
    func folder() throws {
        #expect(try names([directory.path]) == ["a.PNG", "b.jpg", "sub/c.webp", "sub/deep/d.jpeg"])
    }

    @Test("the folder of results is skipped")
    func results() throws {
        #expect(try names([directory.path], without: ["\(directory.path)/sub"]) == ["a.PNG", "b.jpg"])
    }

    @Test("pictures from patterns and lists are named by their paths")
    func patterns() throws {
        let name = directory.path.dropFirst()
        #expect(try names(["\(directory.path)/*.jpg"]) == ["\(name)/b.jpg"])
        try directory.write("list.txt", text: "\(directory.path)/b.jpg\r\n\n\(directory.path)/sub\n")
        #expect(
            try names(["@\(directory.path)/list.txt"])
                == ["b.jpg", "sub/c.webp", "sub/deep/d.jpeg"].map { "\(name)/\($0)" }
        )
    }

    @Test("standard input and missing files are listed; reading reports errors")
    func unread() throws {
        #expect(try names(["-", "missing.jpg"]) == ["stdin", "missing.jpg"])
    }

    @Test("a picture that is named twice is listed once")
    func duplicates() throws {
        let path = "\(directory.path)/b.jpg"
        #expect(try names([path, path]).count == 1)
    }

    @Test("two pictures with one name, a pattern without matches and an unreadable list are errors")
    func errors() throws {
        #expect(throws: CommandError.self) { try names(["\(directory.path)/b.jpg", "/..\(directory.path)/b.jpg"]) }
        #expect(throws: CommandError.self) { try names(["\(directory.path)/*.gif"]) }
        #expect(throws: CommandError.self) { try names(["@\(directory.path)/missing.txt"]) }
    }

    @Test("a camera has no end, so it is the last one; addresses that only secrets tell apart are errors")
    func cameras() throws {
        #expect(try names(["http://a.local/clip", "rtsp://joe:key@b.local/1"]) == ["a.local/clip", "b.local/1"])
        for arguments in [
            ["rtsp://b.local/1", "rtsp://b.local/2"], ["/dev/video0", "clip.mp4"],
            ["http://a.local/clip?id=1", "http://a.local/clip?id=2"],
        ] {
            #expect(throws: CommandError.self) { try names(arguments) }
        }
    }
}

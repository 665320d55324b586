import Foundation
import Inference
import Testing
import YOLO

@Suite struct ModelFileTests {
    @Test(
        "a file's name is its stem, and its extension the form",
        arguments: [
            ("/models/yolov5s.pt", "yolov5s", ModelFile.Format.checkpoint),
            ("yolov5n-v6.0.pt", "yolov5n-v6.0", .checkpoint),
            ("a/b.c/yolov5n.onnx", "yolov5n", .onnx),
            ("models/Best.ONNX", "Best", .onnx),
            ("models/ship.xml", "ship", .openVINO),
            ("models/grüße aus köln.pt", "grüße aus köln", .checkpoint),
        ]
    )
    func name(path: String, name: String, format: ModelFile.Format) throws {
        let file = try #require(ModelFile(path: path))
        #expect(file.name == name && file.format == format && file.path == path)
    }

    @Test(
        "what is no model has no name",
        arguments: [
            "", "/", "yolov5s", "yolov5s.bin", "yolov5s.pth", "models/.pt", "yolov5s.pt.part", "yolov5s.", "a.pt/b",
        ]
    )
    func noModel(path: String) {
        #expect(ModelFile(path: path) == nil)
    }

    @Test("a directory gives one file a name, in the preferred form") func directory() throws {
        let folder = try ModelFolder()
        let names = [
            "b.onnx", "a.xml", "a.bin", "a.pt", "a.onnx", "c.xml", "c.bin", "notes.txt", ".hidden.pt", ".pt",
            "d.pt.part",
        ]
        for name in names { try folder.write(to: name) }
        let files = try ModelFile.all(in: folder.path)
        #expect(files.map(\.path) == ["a.pt", "b.onnx", "c.xml"].map { "\(folder.path)/\($0)" })
        #expect(files.map(\.name) == ["a", "b", "c"])
    }

    @Test("a directory that is not there is an error") func missingDirectory() throws {
        let folder = try ModelFolder()
        #expect(throws: (any Error).self) { try ModelFile.all(in: folder.path + "/missing") }
        #expect(try ModelFile.all(in: folder.path).isEmpty)
    }

    // FIPS 180-4's own example: "abc"; and of no bytes at all.
    @Test("the hash is that of all bytes that make the model") func hash() throws {
        let folder = try ModelFolder()
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let file = try #require(ModelFile(path: folder.write(Array("abc".utf8), to: "a.pt")))
        #expect(try file.sha256() == abc)
        try folder.write(Array("c".utf8), to: "b.bin")
        let representation = try #require(ModelFile(path: folder.write(Array("ab".utf8), to: "b.xml")))
        #expect(try representation.sha256() == abc)
        let empty = try #require(ModelFile(path: folder.write(to: "c.onnx")))
        #expect(try empty.sha256() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("a file whose weights are missing has no hash", arguments: ["gone.pt", "alone.xml"])
    func missing(name: String) throws {
        let folder = try ModelFolder()
        try folder.write(to: "alone.xml")
        let file = try #require(ModelFile(path: "\(folder.path)/\(name)"))
        #expect {
            try file.sha256()
        } throws: { error in
            (error as? InferenceError)?.code == .invalidModel
        }
    }
}

import Foundation
import Inference
import TestSupport
import Testing
import YOLO

@Suite struct ModelFileTests {
    @Test(
        "the stem of a file is the model's name, and the extension determines the format",
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
        "other files are not models",
        arguments: [
            "", "/", "yolov5s", "yolov5s.bin", "yolov5s.pth", "models/.pt", "yolov5s.pt.part", "yolov5s.", "a.pt/b",
        ]
    )
    func noModel(path: String) {
        #expect(ModelFile(path: path) == nil)
    }

    @Test("a directory yields one file per name, in the preferred format") func directory() throws {
        let folder = try TemporaryDirectory()
        let names = [
            "b.onnx", "a.xml", "a.bin", "a.pt", "a.onnx", "c.xml", "c.bin", "notes.txt", ".hidden.pt", ".pt",
            "d.pt.part",
        ]
        for name in names { try folder.write(name, []) }
        let files = try ModelFile.all(in: folder.path)
        #expect(files.map(\.path) == ["a.pt", "b.onnx", "c.xml"].map { "\(folder.path)/\($0)" })
        #expect(files.map(\.name) == ["a", "b", "c"])
    }

    @Test("a missing directory is an error") func missingDirectory() throws {
        let folder = try TemporaryDirectory()
        #expect(throws: (any Error).self) { try ModelFile.all(in: folder.path + "/missing") }
        #expect(try ModelFile.all(in: folder.path).isEmpty)
    }

    // "abc" is the example of FIPS 180-4; the other hash is that of an empty file.
    @Test("the hash covers all files of the model") func hash() throws {
        let folder = try TemporaryDirectory()
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let file = try #require(ModelFile(path: folder.write("a.pt", text: "abc")))
        #expect(try file.sha256() == abc)
        try folder.write("b.bin", text: "c")
        let representation = try #require(ModelFile(path: folder.write("b.xml", text: "ab")))
        #expect(try representation.sha256() == abc)
        let empty = try #require(ModelFile(path: folder.write("c.onnx", [])))
        #expect(try empty.sha256() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("a model with a missing file has no hash", arguments: ["gone.pt", "alone.xml"])
    func missing(name: String) throws {
        let folder = try TemporaryDirectory()
        try folder.write("alone.xml", [])
        let file = try #require(ModelFile(path: "\(folder.path)/\(name)"))
        #expect {
            try file.sha256()
        } throws: { error in
            (error as? YOLOError)?.code == .invalidModel
        }
    }
}

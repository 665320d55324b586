import Foundation
import Imaging
import Inference
import ObjectDetection
import TestSupport
import Testing
import YOLO

@Suite struct ModelSettingsTests {
    @Test("settings of a model are read from YAML") func complete() throws {
        let settings = try ModelSettings(
            yaml: """
                names: [cat, dog]
                size: 320
                scaling: top-left
                antialias: false
                colors: bgr
                mean: [123.675, 116.28, 103.53]
                deviation: 58
                device: AUTO:CPU
                """
        )
        #expect(settings.names == ["cat", "dog"] && settings.size == 320)
        #expect(settings.placement == .topLeft && settings.antialias == false && settings.colors == .bgr)
        #expect(settings.mean == [123.675, 116.28, 103.53] && settings.deviation == [58, 58, 58])
        #expect(settings.device == "AUTO:CPU")
        #expect(try ModelSettings(yaml: "") == ModelSettings())
        #expect(try ModelSettings(yaml: "names: [rock & roll, R*]").names == ["rock & roll", "R*"])
        #expect(try ModelSettings(yaml: "antialias: True").antialias == true)
    }

    @Test("files that exporters and training tools leave beside a model are no settings") func foreign() throws {
        // YOLOv5's OpenVINO export, and a configuration of YOLOv5.
        #expect(try ModelSettings(yaml: "stride: 32\nnames:\n  0: a\n  1: b\n").names == ["a", "b"])
        let configuration = "nc: 80\ndepth_multiple: 0.33\nanchors:\n  - [10,13]\nbackbone:\n  [[-1, 1, Conv, [64]]]\n"
        #expect(try ModelSettings(yaml: configuration) == ModelSettings())
    }

    @Test(
        "a model that its file says is stretched returns boxes in pixels of the picture",
        arguments: ["stretch", "top-left"]
    )
    func placed(scaling: String) async throws {
        let directory = try TemporaryDirectory()
        for name in ["plain", "placed"] {
            try directory.write("\(name).onnx", Array(Data(contentsOf: Fixtures.url("exports/detect-11-sized.onnx"))))
        }
        try directory.write("placed.yaml", Array("scaling: \(scaling)".utf8))
        func detections(_ name: String, _ picture: RGBImage) async throws -> [Detection] {
            let configuration = YOLODetector.Configuration(
                compilation: CompileOptions(precision: .f32, streams: 1, threads: 1)
            )
            let file = try #require(ModelFile(path: "\(directory.path)/\(name).onnx"))
            let detector = try YOLODetector(file: file, configuration: configuration, runtime: Runtime())
            let options = DetectionOptions(confidenceThreshold: 0.05, iouThreshold: 1)
            return try await detector.detect(in: picture, options: options).detections
        }
        let picture = RGBImage(width: 192, height: 64) { pixels in
            for index in pixels.indices { pixels.initializeElement(at: index, to: UInt8(index * index / 7 % 251)) }
        }
        let placement = try #require(Letterbox.Placement(rawValue: scaling))
        let letterbox = Letterbox(
            imageWidth: 192,
            imageHeight: 64,
            shape: .fixed(width: 64, height: 64),
            placement: placement
        )
        let prepared = RGBImage(width: 64, height: 64) { pixels in
            pixels.initialize(repeating: 0)
            letterbox.draw(picture, into: pixels)
        }
        // Boxes in pixels of the network's input.
        let expected = try await detections("plain", prepared)
        let found = try await detections("placed", picture)
        #expect(expected.count > 10)
        let (across, down): (Float, Float) = placement == .stretched ? (3, 1) : (3, 3)
        let inside = expected.filter {
            $0.box.maxY * down <= 64 && $0.box.maxX < 64 && $0.box.minX > 0 && $0.box.minY > 0
        }
        #expect(!inside.isEmpty)
        for wanted in inside {
            let isFound = found.contains { detection in
                let (box, other) = (detection.box, wanted.box)
                let edges = [
                    box.minX - other.minX * across, box.minY - other.minY * down, box.maxX - other.maxX * across,
                    box.maxY - other.maxY * down,
                ]
                return detection.classID == wanted.classID && edges.allSatisfy { abs($0) < 1.5 }
            }
            #expect(isFound, "\(wanted)")
        }
    }

    @Test(
        "names are a list, a mapping of ids, or COCO's",
        arguments: [
            ("[cat, dog]", ["cat", "dog"]), ("{0: cat, 2: dog}", ["cat", "class 1", "dog"]),
            ("{1: a}", ["class 0", "a"]),
        ]
    )
    func names(text: String, expected: [String]) throws {
        #expect(try ModelSettings(yaml: "names: \(text)").names == expected)
        let coco = try #require(try ModelSettings(yaml: "names: COCO").names)
        #expect(coco.count == 80 && coco[0] == "person" && coco[23] == "giraffe" && coco[79] == "toothbrush")
    }

    @Test(
        "anything else is rejected by name",
        arguments: [
            ("- a", "must be a mapping"), ("names: [", "is not valid YAML"), ("nams: [a]", "sets 'nams'"),
            ("names: 5", "'names'"), ("names: []", "'names'"), ("names: [[a]]", "'names'"),
            ("names: {a: b}", "'names'"),
            ("names: {-1: b}", "'names'"), ("names: {99999999: b}", "'names'"), ("size: 0", "'size'"),
            ("size: 5000", "'size'"), ("size: big", "'size'"), ("scaling: squash", "letterbox, top-left, stretch"),
            ("colors: HSV", "RGB or BGR"), ("mean: [1, 2]", "'mean'"), ("mean: 256", "'mean'"),
            ("mean: .nan", "'mean'"),
            ("deviation: 0", "'deviation'"), ("deviation: .inf", "'deviation'"), ("antialias: 7", "true or false"),
            ("device: []", "'device'"), ("a: &a [1]", "anchors and aliases"), ("? *a\n: 1", "anchors and aliases"),
            ("names: [*a]", "anchors and aliases"), ("<<: {names: [a]}", "anchors and aliases"),
        ]
    )
    func rejected(text: String, reason: String) throws {
        let error = try #require(throws: YOLOError.self) { try ModelSettings(yaml: text) }
        #expect(error.code == .invalidModel && error.message.contains(reason), "\(error.message)")
    }

    private static func network(_ fixture: String, _ settings: String) throws -> Network {
        let directory = try TemporaryDirectory()
        let name = fixture.split(separator: "/").last.map(String.init) ?? fixture
        let path = try directory.write(name, Array(Data(contentsOf: Fixtures.url(fixture))))
        let stem = name.split(separator: ".").dropLast().joined(separator: ".")
        try directory.write("\(stem).yaml", Array(settings.utf8))
        return try Network(file: #require(ModelFile(path: path)), runtime: Runtime())
    }

    @Test(
        "the file beside a model overrides what the model states",
        arguments: [
            "ultralytics/v8-seg.pt", "checkpoints/release7.pt", "exports/detect-13-dynamic.onnx",
            "exports/free-17.onnx",
        ]
    )
    func overridden(fixture: String) throws {
        let network = try Self.network(fixture, "names: [one]\nscaling: stretch\ncolors: BGR\nmean: 5\ndeviation: 7")
        #expect(network.labels.first == "one")
        #expect(network.format.placement == .stretched && network.format.colors == .bgr)
        #expect(network.format.mean == [5, 5, 5] && network.format.deviation == [7, 7, 7])
    }

    @Test("the size of a network that accepts several is set") func size() throws {
        #expect(try Self.network("exports/detect-13-dynamic.onnx", "size: 320").inputSide == 320)
        #expect(try Self.network("ultralytics/v8-seg.pt", "size: 416").inputSide == 416)
        for (fixture, reason) in [
            ("exports/free-17-dynamic.onnx", "does not accept pictures of 100x100"),
            ("ultralytics/v8-seg.pt", "stride"),
        ] {
            let error = try #require(throws: YOLOError.self) { try Self.network(fixture, "size: 100") }
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test("names of more classes than there are, and files that are none, are rejected") func wrong() throws {
        for (settings, reason) in [
            ("names: [a, b, c, d]", "it has 3 classes, but the file beside it names 4"),
            ("nonsense: 1", "detect-13-dynamic.yaml sets 'nonsense'"),
            (String(repeating: " ", count: (1 << 20) + 1), "more than the limit"),
        ] {
            let error = try #require(throws: YOLOError.self) {
                try Self.network("exports/detect-13-dynamic.onnx", settings)
            }
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test("final boxes are served with names from the file beside them") func named() throws {
        let network = try Self.network("exports/refused-unnamed.onnx", "names: [round, square, star]")
        #expect(network.layout.boxes == .final && network.labels == ["round", "square", "star"])
    }
}

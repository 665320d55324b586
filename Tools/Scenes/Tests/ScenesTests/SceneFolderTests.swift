import Foundation
import Imaging
import ObjectDetection
import Scenes
import Testing

@Suite struct SceneFolderTests {
    @Test("the annotations of each picture match its scene")
    func annotations() throws {
        let directory = try TemporaryDirectory()
        let dataset = try directory.makeDataset("a", seed: 3, ids: 7...9)
        #expect(dataset.images.map(\.id) == [7, 8, 9])
        #expect(dataset.images.map(\.fileName) == ["000000000007.jpg", "000000000008.jpg", "000000000009.jpg"])
        #expect(
            dataset.categories.map(\.name)
                == ["circle", "triangle", "square", "star", "cross", "ring", "heart", "arrow"]
        )
        #expect(dataset.categories.map(\.id) == Array(1...8))
        #expect(Set(dataset.annotations.map(\.id)).count == dataset.annotations.count)

        for image in dataset.images {
            let scene = try Scene(seed: 3, number: image.id)
            #expect(image.width == scene.image.width && image.height == scene.image.height)
            let bytes = try [UInt8](Data(contentsOf: directory.url.appending(path: "a/images/\(image.fileName)")))
            let info = try ImageInfo(reading: bytes.span.bytes)
            #expect(info.format == .jpeg && info.width == image.width && info.height == image.height)

            let annotations = dataset.annotations.filter { $0.imageID == image.id }
            #expect(annotations.map(\.categoryID) == scene.objects.map(\.kind.categoryID))
            for (annotation, object) in zip(annotations, scene.objects) {
                #expect(annotation.isCrowd == 0)
                #expect(annotation.segmentation.size == [image.height, image.width])
                let mask = try #require(annotation.mask)
                #expect(mask == object.mask.runLengths)
                #expect(annotation.area == mask.area)
                #expect(annotation.box == mask.bounds)
            }
        }
    }

    @Test("the same seed produces the same bytes, regardless of the order and number of pictures")
    func bytes() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDataset("a", seed: 3, ids: 1...4)
        try directory.makeDataset("b", seed: 3, ids: 1...4, isReversed: true)
        try directory.makeDataset("c", seed: 3, ids: 3...4)
        #expect(try directory.files("a").count == 5)
        #expect(try directory.files("a") == directory.files("b"))
        for name in ["images/000000000003.jpg", "images/000000000004.jpg"] {
            #expect(try directory.files("a")[name] == directory.files("c")[name])
        }
    }

    @Test("a folder that is not empty is rejected and left unchanged")
    func notEmpty() throws {
        let directory = try TemporaryDirectory()
        try Data("mine".utf8).write(to: directory.url.appending(path: "notes.txt"))
        let error = #expect(throws: SceneError.self) { try SceneFolder(creating: directory.url.path(), seed: 1) }
        #expect(error?.code == .notEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path()) == ["notes.txt"])
    }

    @Test("an empty folder is accepted, a file is rejected")
    func existing() throws {
        let directory = try TemporaryDirectory()
        _ = try SceneFolder(creating: directory.url.path(), seed: 1)
        let file = directory.url.appending(path: "file")
        try Data().write(to: file)
        let error = #expect(throws: SceneError.self) { try SceneFolder(creating: file.path(), seed: 1) }
        #expect(error?.code == .writingFailed)
    }
}

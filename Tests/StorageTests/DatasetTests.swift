import Foundation
import Storage
import TestSupport
import Testing

@Suite("datasets")
struct DatasetTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
    }

    private func open() throws -> Dataset {
        try Dataset(name: "test", directory: directory.path)
    }

    @Test("pictures are found by file extension, in any case and at any depth, and sorted by id")
    func finds() throws {
        try directory.write("images/train2017/000000000144.jpg", [144])
        try directory.write("images/train2017/000000000009.JPEG")
        try directory.write("images/zebra.PnG")
        try directory.write("a.b.webp")
        try directory.write("25.gif")
        for other in ["labels/000000000144.txt", "README.md", "jpg", "images/.hidden.jpg", ".git/x.jpg"] {
            try directory.write(other)
        }
        let dataset = try open()
        #expect(dataset.ids.map(\.description) == ["000000000009", "000000000025", "000000000144", "a.b", "zebra"])
        #expect(dataset.warnings.isEmpty)
        #expect(try dataset.read(.coco(144)) == [144])
        #expect(try dataset.path(of: .coco(144))?.hasSuffix("/images/train2017/000000000144.jpg") == true)
        #expect(try dataset.read(.coco(1)) == nil)
        #expect(try dataset.path(of: .coco(1)) == nil)
    }

    @Test("of two files with the same id, the first path is used and the other is reported")
    func duplicates() throws {
        try directory.write("b/144.jpg", [2])
        try directory.write("a/000000000144.png", [1])
        let dataset = try open()
        #expect(try dataset.read(.coco(144)) == [1])
        #expect(dataset.ids.count == 1)
        #expect(dataset.warnings.count == 1)
        #expect(dataset.warnings.first?.contains("b/144.jpg") == true)
    }

    @Test(
        "a file name that is not a valid id, or is an upload's id, is skipped and reported",
        arguments: ["my cat.jpg", "Größe.png", "img_ba7816bf8f01cfea414140de5dae2223.jpg", "a\nb.jpg"]
    )
    func invalidNames(name: String) throws {
        try directory.write("1.jpg")
        try directory.write(name)
        let dataset = try open()
        #expect(dataset.ids == [try .coco(1)])
        #expect(dataset.warnings.count == 1)
        #expect(dataset.warnings.first?.contains("\n") == false)
    }

    @Test("symbolic links are followed only to files inside of the dataset")
    func links() throws {
        let outside = try TemporaryDirectory(inMemory: true)
        try outside.write("secret.jpg")
        try directory.write("images/1.jpg", [1])
        let links = [
            ("2.jpg", "\(directory.path)/images/1.jpg"), ("3.jpg", "\(outside.path)/secret.jpg"),
            ("4.jpg", "nowhere.jpg"), ("5.jpg", directory.path), ("outside", outside.path), ("loop", directory.path),
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory.path)/\(name)",
                withDestinationPath: target
            )
        }
        let dataset = try open()
        #expect(dataset.ids == [try .coco(1), try .coco(2)])
        #expect(try dataset.read(.coco(2)) == [1])
        #expect(dataset.warnings.count == 3)

        try FileManager.default.removeItem(atPath: "\(directory.path)/images/1.jpg")
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/images/1.jpg",
            withDestinationPath: "\(outside.path)/secret.jpg"
        )
        #expect(throws: StorageError.self, "a link that was added later") { try dataset.read(.coco(1)) }
    }

    @Test("pages cover all ids, even if the id at the cursor does not exist")
    func pages() throws {
        for number in [1, 3, 5, 7, 9] { try directory.write("\(number).jpg") }
        let dataset = try open()
        func page(_ cursor: Int?, _ limit: Int) throws -> [Int] {
            try dataset.ids(after: cursor.map(ImageID.coco), limit: limit).compactMap { Int($0.description) }
        }
        #expect(try page(nil, 2) == [1, 3])
        #expect(try page(3, 2) == [5, 7])
        #expect(try page(4, 2) == [5, 7])
        #expect(try page(7, 2) == [9])
        #expect(try page(9, 2) == [])
        #expect(try page(0, 100) == [1, 3, 5, 7, 9])
        #expect(try page(nil, 0) == [])
        #expect(try page(nil, -1) == [])
    }

    @Test("a missing directory is an error, one without pictures a warning")
    func missing() throws {
        #expect(try open().warnings.count == 1)
        let error = #expect(throws: StorageError.self) {
            try Dataset(name: "test", directory: "\(directory.path)/missing")
        }
        #expect(error?.code == .failed)
    }

    @Test("the number of warnings is limited")
    func warnings() throws {
        for number in 0..<150 { try directory.write("no id \(number).jpg") }
        let warnings = try open().warnings
        #expect(warnings.count == 101)
        // 150 files and the lack of any picture make 151 warnings, of which 100 are listed.
        #expect(warnings.last?.hasPrefix("51 more") == true)
    }
}

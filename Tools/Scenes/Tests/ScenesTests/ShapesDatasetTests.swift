import Foundation
import Scenes
import Testing

/// Tests of the dataset that comes with the source code.
@Suite struct ShapesDatasetTests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Demo/data/shapes")
    private static let dataset = Result { try Dataset(reading: directory) }

    @Test("the dataset has 32 pictures with all kinds of objects in less than 2 MB")
    func contents() throws {
        let dataset = try Self.dataset.get()
        #expect(dataset.images.map(\.id) == Array(1...32))
        #expect(Set(dataset.annotations.map(\.imageID)).count == 32)
        #expect(Set(dataset.annotations.map(\.categoryID)) == Set(1...8))
        let sizes = try TemporaryDirectory.files(in: Self.directory).values.map(\.count)
        #expect(sizes.count == 33)
        #expect(sizes.reduce(0, +) < 2_000_000)
    }

    @Test(
        "drawing the dataset again produces the same bytes",
        .enabled("the dataset was drawn by another version of Cairo") {
            try dataset.get().info.cairo == SceneFolder.cairoVersion
        }
    )
    func again() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDataset("shapes", seed: 105, ids: 1...32)
        #expect(try directory.files("shapes") == TemporaryDirectory.files(in: Self.directory))
    }
}

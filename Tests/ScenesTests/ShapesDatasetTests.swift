import Foundation
import Scenes
import Testing

/// The data set that comes with the sources.
@Suite struct ShapesDatasetTests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Demo/data/shapes")
    private static let dataset = Result { try Dataset(reading: directory) }

    @Test("it has 32 pictures with every kind of object, in less than 2 MB")
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
        "drawing it again gives the same bytes",
        .enabled("it was drawn by another version of Cairo") {
            try dataset.get().info.cairo == SceneFolder.cairoVersion
        }
    )
    func again() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDataset("shapes", seed: 105, ids: 1...32)
        #expect(try directory.files("shapes") == TemporaryDirectory.files(in: Self.directory))
    }
}

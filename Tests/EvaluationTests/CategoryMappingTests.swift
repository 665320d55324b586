import Evaluation
import Testing

@Suite struct CategoryMappingTests {
    /// Ground truth with one object of each category, except those with a name ending in "?".
    private static func groundTruth(_ categories: [(Int, String)]) -> GroundTruth {
        GroundTruth(
            categories: categories.map { GroundTruth.Category(id: $0, name: $1) },
            images: categories.filter { !$0.1.hasSuffix("?") }.map { id, _ in
                GroundTruth.Image(
                    id: id,
                    fileName: "\(id).jpg",
                    width: 100,
                    height: 100,
                    objects: [.box([0, 0, 1, 1], categoryID: id)]
                )
            }
        )
    }

    @Test("classes map to categories of the same name, in any order") func names() throws {
        let truth = Self.groundTruth([(1, "Person"), (3, "car"), (90, "toothbrush")])
        let mapping = try CategoryMapping(labels: ["toothbrush", "person", "dog", "car"], groundTruth: truth)
        #expect(mapping.categoryIDs == [90, 1, nil, 3])
        #expect(mapping.renamedClasses.isEmpty)
        #expect(mapping[0] == 90 && mapping[2] == nil && mapping[4] == nil && mapping[-1] == nil)
    }

    @Test("other names map in category id order if there are as many classes as categories") func order() throws {
        let truth = Self.groundTruth([(90, "Zahnbürste"), (1, "person"), (3, "Auto")])
        let mapping = try CategoryMapping(labels: ["car", "person", "toothbrush"], groundTruth: truth)
        #expect(mapping.categoryIDs == [3, 1, 90])
        #expect(mapping.renamedClasses.map(\.label) == ["car", "toothbrush"])
        #expect(mapping.renamedClasses.map(\.category) == ["Auto", "Zahnbürste"])
    }

    @Test("the error names categories without a class") func missing() {
        let truth = Self.groundTruth([(1, "person"), (2, "unicorn"), (3, "griffin"), (4, "unused?")])
        #expect {
            try CategoryMapping(labels: ["person", "dog"], groundTruth: truth)
        } throws: { error in
            guard let error = error as? EvaluationError else { return false }
            return error.code == .mismatch && error.message.contains("no class for unicorn, griffin:")
        }
    }

    @Test("categories without objects need no class") func unused() throws {
        let truth = Self.groundTruth([(0, "everything?"), (1, "person"), (2, "dog")])
        #expect(try CategoryMapping(labels: ["person", "dog"], groundTruth: truth).categoryIDs == [1, 2])
    }

    @Test("classes with the same name map to different categories of that name") func twins() throws {
        let truth = Self.groundTruth([(1, "cat"), (2, "cat")])
        #expect(try CategoryMapping(labels: ["cat", "cat"], groundTruth: truth).categoryIDs == [1, 2])
    }
}

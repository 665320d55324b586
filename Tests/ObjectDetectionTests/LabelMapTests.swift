import ObjectDetection
import Testing

@Suite struct LabelMapTests {
    private let labels = LabelMap(["person", "Hot Dog"])

    @Test("class names are compared case-insensitively") func names() {
        #expect(labels.classID(named: "hot dog") == 1)
        #expect(labels.classID(named: "PERSON") == 0)
        #expect(labels.classID(named: "cat") == nil)
    }

    @Test("an unknown id has a placeholder name") func unknownID() {
        #expect(labels[1] == "Hot Dog")
        #expect(labels[7] == "class 7")
    }
}

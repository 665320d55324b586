import ObjectDetection
import Testing

@Suite struct LabelMapTests {
    private let labels = LabelMap(["person", "Hot Dog"])

    @Test("a class is found by its name in any case") func names() {
        #expect(labels.classID(named: "hot dog") == 1)
        #expect(labels.classID(named: "PERSON") == 0)
        #expect(labels.classID(named: "cat") == nil)
    }

    @Test("an id without a name is still told apart") func unknownID() {
        #expect(labels[1] == "Hot Dog")
        #expect(labels[7] == "class 7")
    }
}

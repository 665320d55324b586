import Testing
import YOLO

@Suite struct ClassNamesTests {
    @Test(
        "names are parsed from a Python dictionary or list",
        arguments: [
            ("{0: 'person', 1: 'bicycle'}", ["person", "bicycle"]),
            ("{'0': 'person', '1': 'bicycle'}", ["person", "bicycle"]),
            ("{1: 'b', 0: 'a',}", ["a", "b"]),
            (#"["hot dog", 'driver\'s cab', "it's"]"#, ["hot dog", "driver's cab", "it's"]),
            ("{ 0 : 'été, 日本' }", ["été, 日本"]),
            ("[]", []),
        ]
    ) func names(text: String, expected: [String]) {
        #expect(ClassNames.parse(text) == expected)
    }

    @Test(
        "malformed text yields no names",
        arguments: [
            "", "person", "{0: 'person'", "{0 'person'}", "[person]", "{0: 'a', 2: 'b'}", "['a' 'b']", "{0: 'a",
        ]
    ) func malformed(text: String) {
        #expect(ClassNames.parse(text) == nil)
    }
}

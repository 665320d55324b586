import Foundation
import JSONSchema
import Testing

@Suite struct JSONWriterTests {
    @Test(
        "strings survive a round trip",
        arguments: [
            "", "giraffe", "a \"quoted\" one", #"back\slash"#, "tab\tand\nline", "\u{0}\u{1f}", "Straße 🦒", "</script>",
        ]
    )
    func texts(text: String) throws {
        var json = JSONWriter()
        json.array { $0.string(text) }
        #expect(try JSONDecoder().decode([String].self, from: Data(json.bytes)) == [text])
    }

    // Whole numbers are written without a fraction.
    @Test(
        "numbers survive a round trip",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (7, "7"), (-12, "-12"), (299.4, "299.4"), (0.00012, "0.00012"), (1e300, "1e+300"),
            (9_007_199_254_740_992, "9007199254740992"), (-9_223_372_036_854_775_808, "-9223372036854775808"),
        ] as [(Double, String)]
    )
    func numbers(number: Double, text: String) throws {
        var json = JSONWriter()
        json.array([number])
        #expect(String(decoding: json.bytes, as: UTF8.self) == "[\(text)]")
        #expect(try JSONDecoder().decode([Double].self, from: Data(json.bytes)) == [number])
    }

    @Test("nested members and elements are separated by commas") func nesting() {
        var json = JSONWriter()
        json.object { json in
            json.key("a")
            json.array { json in
                json.object { _ in }
                json.array { _ in }
                json.number(1)
            }
            json.key("b")
            json.json(Array("null".utf8))
            json.key("c")
            json.string("d")
        }
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"a":[{},[],1],"b":null,"c":"d"}"#)
    }
}

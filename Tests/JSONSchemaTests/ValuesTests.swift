import JSONSchema
import Testing

@Suite struct ValuesTests {
    private static let fields = [
        Field(name: "count", schema: .integer(1...10)), Field(name: "share", schema: .number(0...1)),
        Field(name: "flag", schema: .boolean), Field(name: "form", schema: .oneOf(["a", "b"])),
        Field(name: "classes", schema: .array(of: .anyOf([.integer(0...99), .text(1...8)]), count: 1...3)),
    ]

    private static func parse(_ items: [(String, String)]) -> (values: Values, errors: [String]) {
        var errors = ValidationErrors()
        let values = Values(parsing: items, fields: fields, location: "query", into: &errors)
        return (values, errors.list.map { "\($0.location.joined(separator: ".")) \($0.type)" })
    }

    @Test("texts are parsed as the types of their fields")
    func types() {
        let (values, errors) = Self.parse([
            ("count", "3"), ("share", "0.5"), ("flag", "true"), ("form", "b"), ("classes", "dog, 7"),
        ])
        #expect(errors.isEmpty)
        #expect(values.integer("count") == 3)
        #expect(values.number("share") == 0.5)
        #expect(values.bool("flag") == true)
        #expect(values.string("form") == "b")
        #expect(values.array("classes") == ["dog", 7])
    }

    @Test("a list may be given as several items")
    func lists() {
        #expect(Self.parse([("classes", "a,b"), ("classes", "c")]).values.array("classes") == ["a", "b", "c"])
    }

    @Test(
        "invalid items are reported with their names",
        arguments: [
            (("count", "0"), "query.count out_of_range"), (("count", "x"), "query.count wrong_type"),
            (("share", "nan"), "query.share wrong_type"), (("flag", "yes"), "query.flag wrong_type"),
            (("form", "c"), "query.form not_allowed"), (("classes", ""), "query.classes wrong_length"),
            (("classes", "a,b,c,d"), "query.classes wrong_length"), (("other", "1"), "query.other unknown"),
        ]
    )
    func invalid(item: (String, String), error: String) {
        #expect(Self.parse([item]).errors == [error])
    }

    @Test(
        "an unknown name suggests a field by what others call it, or by a typo",
        arguments: [
            ("amount", "count"), ("Count", "count"), ("cuont", "count"), ("coun", "count"), ("counts", "count"),
            ("clases", "classes"), ("form-", "form"), ("x", nil), ("", nil), (String(repeating: "a", count: 5000), nil),
        ] as [(String, String?)]
    )
    func suggestions(name: String, suggestion: String?) {
        let fields = [Field(name: "count", schema: .integer(1...10), otherNames: ["amount"])] + Self.fields.dropFirst()
        #expect(Field.suggestion(for: name, from: fields) == suggestion)
    }

    @Test("an invalid text of a nullable value is not told to be null", arguments: ["2", "high"])
    func withoutNull(text: String) {
        let field = Field(name: "share", schema: .number(0...1).nullable())
        var errors = ValidationErrors()
        _ = Values(parsing: [("share", text)], fields: [field], location: "query", into: &errors)
        #expect(errors.list.first?.message.hasPrefix("must be a number from 0 to 1") == true)
        #expect(errors.list.first?.message.contains("null") == false)
    }

    @Test("a single value given twice is an error")
    func duplicates() {
        #expect(Self.parse([("count", "1"), ("count", "2")]).errors == ["query.count duplicate"])
    }
}

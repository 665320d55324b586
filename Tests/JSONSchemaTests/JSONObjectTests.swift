import Foundation
import JSONSchema
import Testing

@Suite struct JSONObjectTests {
    private struct Point: JSONObject {
        var x: Double
        var y: Int
        var label: String?
        var tags: [String] = []

        static let members: [JSONMember<Point>] = [
            JSONMember(optional: "label", "Shown beside the point.", \.label),
            JSONMember("tags", \.tags),
            JSONMember("x", "Column.", schema: .number(0...10), \.x),
            JSONMember("y", \.y),
        ]
        static let example = Point(x: 1.5, y: 2, label: "a", tags: ["b"])
    }

    @Test(
        "an object is written with all members except absent ones",
        arguments: [
            (Point(x: 0.25, y: 3), #"{"tags":[],"x":0.25,"y":3}"#),
            (Point.example, #"{"label":"a","tags":["b"],"x":1.5,"y":2}"#),
        ]
    )
    func writing(point: (any JSONRepresentable), expected: String) throws {
        #expect(try String(decoding: point.json(), as: UTF8.self) == expected)
    }

    @Test("the schema comes from the same members")
    func schema() throws {
        guard case .object(let fields) = Point.schema.kind else { return #expect(Bool(false), "not an object") }
        #expect(fields.map(\.name) == ["label", "tags", "x", "y"])
        #expect(fields.map(\.isRequired) == [false, true, true, true])
        #expect(fields[0].schema.summary == "Shown beside the point.")
        guard case .number(let range) = fields[2].schema.kind else { return #expect(Bool(false), "not a number") }
        #expect(range == 0...10)
    }

    @Test("the example matches the schema")
    func example() {
        var errors = ValidationErrors()
        Point.schema.validate(Point.exampleValue, at: [], into: &errors)
        #expect(errors.list.isEmpty)
    }

    @Test("a writer stops when its limit is exceeded", arguments: [10, 100, 1000])
    func limit(limit: Int) {
        let points = [Point](repeating: .example, count: 1000)
        #expect(throws: JSONWriter.LimitExceeded.self) { try points.json(limit: limit) }
        #expect(throws: Never.self) { try points.json() }
    }
}

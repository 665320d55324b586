import DetectionService
import Testing

@Suite("media types")
struct MultipartContentTypeTests {
    @Test(
        "type, subtype and all parameters are parsed",
        arguments: [
            ("image/jpeg", "image/jpeg", [:]),
            ("Image/JPEG", "image/jpeg", [:]),
            (" text/html ;charset=UTF-8", "text/html", ["charset": "UTF-8"]),
            ("application/json;", "application/json", [:]),
            ("a/b; ;; c=d ;", "a/b", ["c": "d"]),
            (
                "multipart/form-data; charset=utf-8; Boundary=\"a b;\\\"c\\\\\"", "multipart/form-data",
                ["charset": "utf-8", "boundary": "a b;\"c\\"]
            ),
            ("multipart/form-data; boundary=----=_Part:1/2", "multipart/form-data", ["boundary": "----=_Part:1/2"]),
            ("image/svg+xml; a=\"\"", "image/svg+xml", ["a": ""]),
        ] as [(String, String, [String: String])]
    )
    func reads(text: String, essence: String, parameters: [String: String]) throws {
        let type = try #require(ContentType(text))
        #expect(type.essence == essence)
        #expect("\(type.type)/\(type.subtype)" == essence)
        #expect(type.parameters == parameters)
    }

    @Test(
        "invalid media types are rejected",
        arguments: [
            "", " ", "image", "image/", "/jpeg", "a/b/c", "image/jp eg", "image/jpeg, image/png", "a/b; c", "a/b; c=",
            "a/b; =d", "a/b; c=d; C=e", "a/b; c=\"d", "a/b; c=\"d\"e", "a/b; c=d e", "a/b; c = d", "ä/b",
        ]
    )
    func refuses(text: String) {
        #expect(ContentType(text) == nil)
    }
}

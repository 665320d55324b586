import DetectionPipeline
import DetectionService
import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import JSONSchema
import NIOCore
import Scheduling
import TestSupport
import Testing

@Suite struct DetectTests {
    private static let picture: [UInt8] =
        (try? ServiceFixture.picture(width: 80, height: 40).encoded(as: .png)) ?? []

    @Test(
        "a picture is accepted in every body format",
        arguments: [
            ("image/png", picture, false),
            ("application/x-www-form-urlencoded", picture, false),
            (nil, picture, false),
            ("application/json", Array(#"{"image": "\#(Data(picture).base64EncodedString())"}"#.utf8), false),
            (
                "application/json; charset=utf-8",
                Array(#"{"image": "data:image/png;base64,\#(Data(picture).base64EncodedString())"}"#.utf8), false
            ),
            ("multipart/form-data; boundary=b", multipart([picture]), true),
        ] as [(String?, [UInt8], Bool)]
    ) func forms(contentType: String?, body: [UInt8], isList: Bool) async throws {
        try await ServiceFixture().test { client in
            var headers: HTTPFields = [:]
            headers[.contentType] = contentType
            let response = try await client.execute(
                uri: "/detect",
                method: .post,
                headers: headers,
                body: ByteBuffer(bytes: body)
            )
            #expect(response.status == .ok)
            let json = try JSONSerialization.jsonObject(with: Data(response.bytes))
            let answer = try #require(isList ? (json as? [[String: Any]])?.first : json as? [String: Any])
            #expect(answer["width"] as? Int == 80)
            #expect((answer["payload"] as? [Any])?.count == 2)
            #expect(answer["image"] == nil)
        }
    }

    @Test("results of several pictures are in the order of the parts") func several() async throws {
        let other = try ServiceFixture.picture(width: 24, height: 24).encoded(as: .webp)
        try await ServiceFixture().test { client in
            let response = try await client.execute(
                uri: "/detect",
                method: .post,
                headers: [.contentType: "multipart/form-data; boundary=b"],
                body: ByteBuffer(bytes: Self.multipart([Self.picture, other]))
            )
            let answers = try JSONSerialization.jsonObject(with: Data(response.bytes)) as? [[String: Any]]
            #expect(answers?.map { $0["width"] as? Int } == [80, 24])
        }
    }

    @Test(
        "options filter the detections",
        arguments: [
            ("", ["cat", "dog"]), ("?confidence=0.6", ["cat"]), ("?classes=dog", ["dog"]),
            ("?classes=0,dog", ["cat", "dog"]),
            ("?classes=CAT", ["cat"]), ("?max_detections=1", ["cat"]), ("?confidence=0.95", []),
        ]
    ) func options(query: String, expected: [String]) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(
                uri: "/detect\(query)",
                method: .post,
                body: ByteBuffer(bytes: Self.picture)
            )
            let payload = try response.json()["payload"] as? [[String: Any]]
            #expect(payload?.compactMap { $0["class"] as? String } == expected)
        }
    }

    @Test(
        "the OpenAPI document has every option with its range, default and description",
        arguments: DetectionFields.all
    )
    func documentedOptions(field: Field) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: "/openapi.json", method: .get)
            let paths = try #require(try response.json()["paths"] as? [String: [String: [String: Any]]])
            let parameters = paths["/detect"]?["post"]?["parameters"] as? [[String: Any]]
            let parameter = try #require(parameters?.first { $0["name"] as? String == field.name })
            let body = paths["/predict"]?["post"]?["requestBody"] as? [String: Any]
            let content =
                (body?["content"] as? [String: [String: Any]])?["application/json"]?["schema"] as? [String: Any]
            let member = try #require((content?["properties"] as? [String: Any])?[field.name] as? [String: Any])
            let json = (parameter["content"] as? [String: [String: Any]])?["application/json"] ?? parameter
            #expect((parameter["content"] != nil) == field.schema.isStructured)
            for schema in [json["schema"] as? [String: Any] ?? [:], member] {
                #expect(schema["description"] as? String == field.schema.summary)
                switch field.schema.kind {
                case .number(let range):
                    #expect(schema["minimum"] as? Double == range.lowerBound)
                    #expect(schema["maximum"] as? Double == range.upperBound)
                case .integer(let range):
                    #expect(schema["minimum"] as? Int == range.lowerBound)
                    #expect(schema["maximum"] as? Int == range.upperBound)
                case .string(.oneOf(let values)):
                    #expect((schema["enum"] as? [Any])?.compactMap { $0 as? String } == values)
                default: break
                }
                let given = schema["default"].map { "\($0)" }
                switch field.schema.defaultValue {
                case .bool(let value): #expect(schema["default"] as? Bool == value)
                default: #expect(given == field.schema.defaultText)
                }
            }
        }
    }

    @Test(
        "invalid options are rejected by name",
        arguments: [
            ("confidence=2", "confidence"), ("confidence=x", "confidence"), ("classes=unicorn", "classes"),
            ("classes=2", "classes"), ("max_detections=0", "max_detections"), ("speed=1", "speed"),
            ("confidence=%7B%22unicorn%22:0.5%7D", "confidence"), ("confidence=%7B%22cat%22:2%7D", "cat"),
            ("confidence=%5B1%5D", "confidence"), ("size=100", "size"), ("size=2000", "size"),
            ("slices=some", "slices"),
            ("slices=%7B%22size%22:1%7D", "size"), ("slices=%7B%22sise%22:640%7D", "sise"),
            ("zones=%7B%22a%22:%5B%5B0,0%5D%5D%7D", "a"),
            ("zones=%7B%22a%22:%5B%5B0,0%5D,%5B1,1%5D,%5B2,2%5D%5D%7D", "a"),
            ("zones=not%20a%20name", "zones"), ("zones=%7B%7D", "zones"), ("ignore=[[[0,0],[1,1],[5,5]]]", "0"),
            ("zone_anchor=head", "zone_anchor"), ("only=some", "only"), ("min_area=-1", "min_area"),
            ("iou=0.1&iou=0.2", "iou"), ("agnostic_nms=yes", "agnostic_nms"), ("image=gif", "image"),
        ]
    ) func badOptions(query: String, name: String) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(
                uri: "/detect?\(query)",
                method: .post,
                body: ByteBuffer(bytes: Self.picture)
            )
            #expect(response.status == .unprocessableContent)
            let errors = try response.json()["errors"] as? [[String: Any]]
            #expect((errors?.first?["loc"] as? [String])?.last == name)
        }
    }

    @Test(
        "the response has the accepted format",
        arguments: [
            ("*/*", "application/json"), ("image/*", "image/jpeg"), ("image/webp", "image/webp"),
            ("image/png;q=0.5, application/json;q=0.9", "application/json"),
        ]
    ) func negotiation(accept: String, expected: String) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(
                uri: "/detect",
                method: .post,
                headers: [.accept: accept],
                body: ByteBuffer(bytes: Self.picture)
            )
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == expected)
        }
    }

    @Test(
        "invalid pictures and bodies get a 4xx status",
        arguments: [
            ([], HTTPResponse.Status.unsupportedMediaType, nil),
            (Array("hello".utf8), .unsupportedMediaType, nil),
            (Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8), .unsupportedMediaType, nil),
            (Array(picture.prefix(picture.count / 2)), .unprocessableContent, nil),
            (Array("{}".utf8), .unprocessableContent, "application/json"),
            (Array(#"{"image": "???"}"#.utf8), .unprocessableContent, "application/json"),
            (Array("--b--\r\n".utf8), .badRequest, "multipart/form-data; boundary=b"),
            (Array("x".utf8), .badRequest, "multipart/form-data"),
        ] as [([UInt8], HTTPResponse.Status, String?)]
    ) func refusals(body: [UInt8], status: HTTPResponse.Status, contentType: String?) async throws {
        try await ServiceFixture().test { client in
            var headers: HTTPFields = [:]
            headers[.contentType] = contentType
            let response = try await client.execute(
                uri: "/detect",
                method: .post,
                headers: headers,
                body: ByteBuffer(bytes: body)
            )
            #expect(response.status == status)
            #expect(response.headers[.contentType] == "application/problem+json")
        }
    }

    @Test("bodies and pictures above the limits are rejected") func limits() async throws {
        let fixture = try ServiceFixture { settings in
            settings.maximumBodyBytes = 10_000
            settings.maximumPixels = 3000
        }
        try await fixture.test { client in
            // The connection is closed only if the body was not read completely.
            for (bytes, closing) in [([UInt8](repeating: 1, count: 10_001), "close"), (Self.picture, nil)] {
                let response = try await client.execute(uri: "/detect", method: .post, body: ByteBuffer(bytes: bytes))
                #expect(response.status == .contentTooLarge)
                #expect(response.headers[.connection] == closing)
            }
        }
    }

    @Test("requests beyond the queue's capacity are rejected with Retry-After") func overload() async throws {
        let queue = WorkQueue(slots: 1, capacity: 1)
        let fixture = try ServiceFixture(detector: RuleDetector(delay: .milliseconds(300)), queue: queue)
        try await fixture.test { client in
            let statuses = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let response = try await client.execute(
                            uri: "/detect",
                            method: .post,
                            body: ByteBuffer(bytes: Self.picture)
                        )
                        return (response.status.code, response.headers[.retryAfter])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0.0 == 200 }.count == 2)
            #expect(statuses.filter { $0.0 == 503 && (Int($0.1 ?? "") ?? 0) >= 1 }.count == 4)
        }
    }

    @Test("a request gets 504 after its deadline") func deadline() async throws {
        let fixture = try ServiceFixture(detector: RuleDetector(delay: .seconds(3600)))
        let name = try #require(HTTPField.Name("X-Request-Timeout"))
        try await fixture.test { client in
            let response = try await client.execute(
                uri: "/detect",
                method: .post,
                headers: [name: "0.1"],
                body: ByteBuffer(bytes: Self.picture)
            )
            #expect(response.status == .gatewayTimeout)
        }
    }

    private static func multipart(_ parts: [[UInt8]]) -> [UInt8] {
        parts.flatMap { part in
            Array("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n".utf8) + part
                + Array("\r\n".utf8)
        } + Array("--b--\r\n".utf8)
    }
}

import DetectionService
import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import NIOCore
import Testing

@Suite struct EnvelopeTests {
    private static func name(_ text: String) throws -> HTTPField.Name { try #require(HTTPField.Name(text)) }

    @Test(
        "a valid request id is returned, an invalid one replaced",
        arguments: [("abc-123_x.y", true), ("two words", false), (String(repeating: "a", count: 129), false)]
    ) func requestID(given: String, isEchoed: Bool) async throws {
        let name = try Self.name("X-Request-ID")
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: "/healthz", method: .get, headers: [name: given])
            #expect((response.headers[name] == given) == isEchoed)
            #expect(response.headers[name]?.isEmpty == false)
        }
    }

    @Test("a problem contains the request's id") func instance() async throws {
        let name = try Self.name("X-Request-ID")
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: "/nowhere", method: .get, headers: [name: "abc"])
            #expect(response.status == .notFound)
            #expect(try response.json()["instance"] as? String == "abc")
        }
    }

    @Test("Server-Timing lists the stages of a request") func serverTiming() async throws {
        let picture = try ServiceFixture.picture(width: 64, height: 64).encoded(as: .jpeg)
        let name = try Self.name("Server-Timing")
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: "/detect", method: .post, body: ByteBuffer(bytes: picture))
            let stages = response.headers[name]?.split(separator: ", ").compactMap { $0.split(separator: ";").first }
            let expected = [
                "receive", "queue", "read", "decode", "letterbox", "infer", "postprocess", "write", "total",
            ]
            #expect(stages?.map(String.init) == expected)
        }
    }

    @Test(
        "an unsupported method is rejected, and Allow lists the supported ones",
        arguments: [
            ("/detect", HTTPRequest.Method.get, "POST"), ("/get_image/144", .post, "GET, HEAD"),
            ("/images", .put, "GET, HEAD, POST"), ("/images/144", .get, "DELETE"), ("/healthz", .delete, "GET, HEAD"),
            ("/healthz", HTTPRequest.Method(rawValue: "QUERY") ?? .get, "GET, HEAD"),
        ]
    ) func methods(path: String, method: HTTPRequest.Method, allow: String) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: path, method: method)
            #expect(response.status == .methodNotAllowed)
            #expect(response.headers[.allow] == allow)
        }
    }

    // The hash is that of "secret": echo -n secret | sha256sum.
    @Test("if keys are configured, calls without a valid one are rejected") func keys() async throws {
        let fixture = try ServiceFixture { settings in
            settings.apiKeyHashes = [
                String(repeating: "0", count: 64), "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
            ]
        }
        let key = try Self.name("X-API-Key")
        let cases: [(HTTPFields, HTTPResponse.Status)] = [
            ([:], .unauthorized), ([.authorization: "Bearer secret"], .ok), ([.authorization: "bearer secret"], .ok),
            ([key: "secret"], .ok), ([key: "Secret"], .unauthorized), ([.authorization: "Basic secret"], .unauthorized),
            ([.authorization: "Bearer"], .unauthorized),
        ]
        try await fixture.test { client in
            for (headers, status) in cases {
                let response = try await client.execute(uri: "/models", method: .get, headers: headers)
                #expect(response.status == status)
            }
            for path in ["/healthz", "/readyz", "/openapi.json"] {
                #expect(try await client.execute(uri: path, method: .get).status == .ok)
            }
        }
    }

    @Test("a draining service is alive but not ready") func draining() async throws {
        let fixture = try ServiceFixture()
        let readiness = fixture.readiness
        try await fixture.test { client in
            #expect(try await client.execute(uri: "/readyz", method: .get).status == .ok)
            readiness.beginDraining()
            let response = try await client.execute(uri: "/readyz", method: .get)
            #expect(response.status == .serviceUnavailable)
            #expect(response.headers[.retryAfter] != nil)
            #expect(try await client.execute(uri: "/healthz", method: .get).status == .ok)
        }
    }

    @Test("metrics count requests, pictures and detections in Prometheus' text format") func metrics() async throws {
        let picture = try ServiceFixture.picture(width: 64, height: 64).encoded(as: .jpeg)
        try await ServiceFixture().test { client in
            for _ in 0..<3 {
                _ = try await client.execute(uri: "/detect", method: .post, body: ByteBuffer(bytes: picture))
            }
            _ = try await client.execute(uri: "/get_image/999", method: .get)
            let response = try await client.execute(uri: "/metrics", method: .get)
            let lines = String(buffer: response.body).split(separator: "\n")
            for line in [
                #"osprey_http_requests_total{route="/detect",method="POST",status="200"} 3"#,
                #"osprey_http_requests_total{route="/get_image/{image_id}",method="GET",status="404"} 1"#,
                #"osprey_pictures_total{model="rule"} 3"#, #"osprey_detections_total{model="rule"} 6"#,
                #"osprey_stage_seconds_count{stage="decode"} 3"#,
                #"osprey_stage_seconds_bucket{stage="infer",le="+Inf"} 3"#, "# TYPE osprey_stage_seconds histogram",
                #"osprey_model_info{model="rule",task="detect",precision="f32"} 1.0"#, "osprey_queue_depth 0.0",
            ] {
                #expect(lines.contains { $0 == line }, "\(line)")
            }
        }
    }
}

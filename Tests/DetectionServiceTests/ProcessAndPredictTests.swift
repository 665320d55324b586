import DetectionService
import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import NIOCore
import Testing

@Suite struct ProcessAndPredictTests {
    @Test("predicting before processing is a conflict that names the call to make") func conflict() async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(
                uri: "/predict",
                method: .post,
                body: jsonBody(#"{"image_id": "144"}"#)
            )
            #expect(response.status == .conflict)
            #expect(response.headers[.contentType] == "application/problem+json")
            #expect((try response.json()["detail"] as? String)?.contains("POST /process_image") == true)
        }
    }

    @Test("predict uses the processed picture and draws it by default") func prediction() async throws {
        try await ServiceFixture().test { client in
            let processed = try await client.execute(
                uri: "/process_image",
                method: .post,
                body: jsonBody(#"{"image_id": 144, "scaling_factor": 0.5}"#)
            )
            #expect(processed.status == .ok)
            #expect(processed.headers[.contentType] == "image/jpeg")
            let size = try ImageInfo(reading: processed.bytes.span.bytes)
            #expect(size == ImageInfo(format: .jpeg, width: 48, height: 24))

            let response = try await client.execute(
                uri: "/predict",
                method: .post,
                body: jsonBody(#"{"image_id": "000000000144"}"#)
            )
            let answer = try response.json()
            #expect(answer["image_id"] as? String == "000000000144")
            #expect(answer["width"] as? Int == 48 && answer["height"] as? Int == 24)
            let payload = try #require(answer["payload"] as? [[String: Any]])
            #expect(payload.map { $0["class"] as? String } == ["cat", "dog"])
            #expect((payload[1]["bbox"] as? [String: [Double]]) == ["origin": [24, 0], "size": [24, 24]])
            let drawn = [UInt8](try #require(Data(base64Encoded: answer["image"] as? String ?? "")))
            #expect(try ImageInfo(reading: drawn.span.bytes) == ImageInfo(format: .png, width: 48, height: 24))
        }
    }

    @Test("equal requests produce equal bytes, and the latest version is stored") func latestWins() async throws {
        try await ServiceFixture().test { client in
            func process(_ body: String) async throws -> [UInt8] {
                try await client.execute(uri: "/process_image", method: .post, body: jsonBody(body)).bytes
            }
            let first = try await process(#"{"image_id": "9", "grayscale": true}"#)
            let second = try await process(#"{"image_id": "9", "grayscale": true}"#)
            let third = try await process(#"{"image_id": "9", "format": "png", "rotate": 90}"#)
            #expect(first == second)
            #expect(first != third)
            let stored = try await client.execute(uri: "/get_image/9?variant=processed", method: .get)
            #expect(stored.bytes == third)
            #expect(stored.headers[.contentType] == "image/png")
        }
    }

    @Test(
        "an invalid value is reported with its name and the allowed values",
        arguments: [
            (#"{"image_id": "144", "scaling_factor": 0.2}"#, "body.scaling_factor", "from 0.25 to 1"),
            (#"{"image_id": "144", "scaling_factor": "half"}"#, "body.scaling_factor", "not string"),
            (#"{"image_id": "144", "rotate": 45}"#, "body.rotate", "one of 0, 90, 180, 270"),
            (#"{"image_id": "144", "flip": "both"}"#, "body.flip", "horizontal, vertical"),
            (#"{"image_id": "144", "quality": 0}"#, "body.quality", "from 1 to 100"),
            (#"{"image_id": "144", "crop": {"x": 0, "y": 0, "width": 5}}"#, "body.crop.height", "required"),
            (#"{"image_id": "144", "zoom": 2}"#, "body.zoom", "not known"),
            (#"{"image_id": "../etc/passwd"}"#, "body.image_id", "must be"),
            (#"{"scaling_factor": 1}"#, "body.image_id", "required"),
            (#"[1, 2]"#, "body", "object"),
        ]
    ) func validation(body: String, location: String, words: String) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: "/process_image", method: .post, body: jsonBody(body))
            #expect(response.status == .unprocessableContent)
            let errors = try #require(try response.json()["errors"] as? [[String: Any]])
            #expect((errors.first?["loc"] as? [String])?.joined(separator: ".") == location)
            #expect((errors.first?["msg"] as? String)?.contains(words) == true)
        }
    }

    @Test(
        "impossible requests are rejected with their status",
        arguments: [
            (#"{"image_id": "999"}"#, HTTPResponse.Status.notFound),
            (#"{"image_id": "144", "crop": {"x": 90, "y": 0, "width": 50, "height": 10}}"#, .unprocessableContent),
            ("{", .badRequest),
            ("", .badRequest),
        ]
    ) func refusals(body: String, status: HTTPResponse.Status) async throws {
        try await ServiceFixture().test { client in
            let response = try await client.execute(uri: "/process_image", method: .post, body: jsonBody(body))
            #expect(response.status == status)
        }
    }

    @Test("a picture that is too long for the format is rejected") func tooLong() async throws {
        let wide = try ServiceFixture.picture(width: 17_000, height: 2).encoded(as: .png)
        try await ServiceFixture().test { client in
            let upload = try await client.execute(uri: "/images", method: .post, body: ByteBuffer(bytes: wide))
            let id = try #require(try upload.json()["id"] as? String)
            let response = try await client.execute(
                uri: "/process_image",
                method: .post,
                body: jsonBody(#"{"image_id": "\#(id)", "format": "webp"}"#)
            )
            #expect(response.status == .unprocessableContent)
            #expect((try response.json()["detail"] as? String)?.contains("PNG") == true)
        }
    }

    @Test("a full store is reported, and keeps its pictures") func fullStore() async throws {
        try await ServiceFixture(storeQuotaBytes: 6000).test { client in
            let response = try await client.execute(
                uri: "/process_image",
                method: .post,
                body: jsonBody(#"{"image_id": "144"}"#)
            )
            #expect(response.status.code == 507)
            #expect(try await client.execute(uri: "/get_image/144", method: .get).status == .ok)
        }
    }
}

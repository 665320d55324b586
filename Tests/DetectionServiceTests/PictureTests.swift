import DetectionService
import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import NIOCore
import Storage
import TestSupport
import Testing

@Suite struct PictureTests {
    @Test("a picture is found with and without leading zeros in its id", arguments: ["144", "000000000144", "0144"])
    func ids(id: String) async throws {
        let fixture = try ServiceFixture()
        let file = try Data(contentsOf: fixture.directory.url.appending(path: "dataset/000000000144.jpg"))
        try await fixture.test { client in
            let response = try await client.execute(uri: "/get_image/\(id)", method: .get)
            #expect(response.status == .ok)
            #expect(Data(response.bytes) == file)
            #expect(response.headers[.contentType] == "image/jpeg")
        }
    }

    @Test("a picture is returned in the accepted format") func forms() async throws {
        try await ServiceFixture().test { client in
            let png = try await client.execute(uri: "/get_image/144", method: .get, headers: [.accept: "image/png"])
            #expect(try ImageInfo(reading: png.bytes.span.bytes).format == .png)
            let json = try await client.execute(
                uri: "/get_image/144",
                method: .get,
                headers: [.accept: "application/json"]
            ).json()
            #expect(json["width"] as? Int == 96 && json["height"] as? Int == 48)
            let none = try await client.execute(uri: "/get_image/144", method: .get, headers: [.accept: "text/html"])
            #expect(none.status == .notAcceptable)
        }
    }

    @Test("a picture that the client already has is not sent again") func conditional() async throws {
        try await ServiceFixture().test { client in
            let first = try await client.execute(uri: "/get_image/144", method: .get)
            let tag = try #require(first.headers[.eTag])
            let again = try await client.execute(uri: "/get_image/144", method: .get, headers: [.ifNoneMatch: tag])
            #expect(again.status == .notModified)
            #expect(again.body.readableBytes == 0)
            let other = try await client.execute(uri: "/get_image/9", method: .get, headers: [.ifNoneMatch: tag])
            #expect(other.status == .ok)
        }
    }

    @Test("HEAD returns the head of GET's response") func head() async throws {
        try await ServiceFixture().test { client in
            let get = try await client.execute(uri: "/get_image/144", method: .get)
            let head = try await client.execute(uri: "/get_image/144", method: .head)
            #expect(head.status == .ok)
            #expect(head.headers[.contentLength] == String(get.body.readableBytes))
            #expect(head.body.readableBytes == 0)
            let missing = try await client.execute(uri: "/get_image/999", method: .head)
            #expect(missing.status == .notFound)
            #expect(missing.body.readableBytes == 0)
        }
    }

    @Test("uploads are stored, listed page by page, used and deleted") func uploads() async throws {
        let pictures = try (1...3).map { try ServiceFixture.picture(width: 16 * $0, height: 16).encoded(as: .png) }
        try await ServiceFixture().test { client in
            var ids: [String] = []
            for picture in pictures {
                let response = try await client.execute(uri: "/images", method: .post, body: ByteBuffer(bytes: picture))
                #expect(response.status == .created)
                let id = try #require(try response.json()["id"] as? String)
                #expect(id == ImageID(contentOf: picture).description)
                ids.append(id)
            }
            let repeated = try await client.execute(uri: "/images", method: .post, body: ByteBuffer(bytes: pictures[0]))
            #expect(repeated.status == .ok)

            let first = try await client.execute(uri: "/images?limit=2", method: .get).json()
            let cursor = try #require(first["next"] as? String)
            let second = try await client.execute(uri: "/images?limit=2&cursor=\(cursor)", method: .get).json()
            let listed = [first, second].flatMap { $0["images"] as? [[String: Any]] ?? [] }
            #expect(listed.compactMap { $0["id"] as? String } == ids.sorted())
            #expect(second["next"] == nil)

            let body = jsonBody(#"{"image_id": "\#(ids[0])"}"#)
            #expect(try await client.execute(uri: "/process_image", method: .post, body: body).status == .ok)
            #expect(try await client.execute(uri: "/predict", method: .post, body: body).status == .ok)
            #expect(try await client.execute(uri: "/images/\(ids[0])", method: .delete).status == .noContent)
            for method in [HTTPRequest.Method.delete, .get] {
                let path = method == .get ? "/get_image/\(ids[0])" : "/images/\(ids[0])"
                #expect(try await client.execute(uri: path, method: method).status == .notFound)
            }
            #expect(try await client.execute(uri: "/predict", method: .post, body: body).status == .notFound)
        }
    }

    @Test("the dataset's pictures are listed and cannot be deleted") func dataset() async throws {
        try await ServiceFixture().test { client in
            let page = try await client.execute(uri: "/images?source=dataset", method: .get).json()
            let ids = (page["images"] as? [[String: Any]])?.compactMap { $0["id"] as? String }
            #expect(ids == ["000000000009", "000000000144", "000000000200"])
            #expect(try await client.execute(uri: "/images/144", method: .delete).status == .forbidden)
        }
    }

    @Test(
        "ids that are paths or invalid find nothing",
        arguments: ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "144%00", ".hidden", "a%20b", "999"]
    ) func strangeIDs(id: String) async throws {
        try await ServiceFixture().test { client in
            let status = try await client.execute(uri: "/get_image/\(id)", method: .get).status
            #expect(status == .notFound || status == .unprocessableContent)
        }
    }
}

import Foundation
import Storage
import Testing

@Suite("picture ids")
struct ImageIDTests {
    @Test(
        "COCO ids are zero-padded, others are unchanged",
        arguments: [
            ("144", "000000000144"),
            ("0", "000000000000"),
            ("000000000144", "000000000144"),
            ("0000000000144", "0000000000144"),
            ("1234567890123", "1234567890123"),
            ("zebra", "zebra"),
            ("-1", "-1"),
            ("a.b_c-D9", "a.b_c-D9"),
            ("a..", "a.."),
            (String(repeating: "x", count: 64), String(repeating: "x", count: 64)),
        ]
    )
    func valid(text: String, description: String) throws {
        let id = try #require(ImageID(text))
        #expect(id.description == description)
        #expect("\(id)" == description)
        #expect(try JSONDecoder().decode([ImageID].self, from: JSONEncoder().encode([id])) == [id])
    }

    @Test(
        "an id cannot form a path",
        arguments: [
            "", ".", "..", ".hidden", "../x", "a/b", "/", "a\\b", "a b", "a\n", "a\u{0}", "ä", "e\u{301}", "１２", "%2e",
            String(repeating: "x", count: 65),
        ]
    )
    func invalid(text: String) {
        #expect(ImageID(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ImageID].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test("an upload's id derives from the SHA-256 of its bytes")
    func upload() {
        // FIPS 180-2, appendix B.1: SHA-256 of "abc" is ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 …
        let id = ImageID(contentOf: Array("abc".utf8))
        #expect(id.description == "img_ba7816bf8f01cfea414140de5dae2223")
        #expect(id.isUpload)
        let image = StoredImage(bytes: Array("abc".utf8), format: "png", width: 1, height: 1)
        #expect(image.metadata.id == id)
        #expect(image.metadata.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(image.metadata.byteCount == 3)
    }

    @Test(
        "an upload's id has exactly 32 lower-case hexadecimal digits",
        arguments: [
            "144", "img_", "img_ba7816bf8f01cfea414140de5dae222", "img_ba7816bf8f01cfea414140de5dae22233",
            "img_BA7816bf8f01cfea414140de5dae2223", "IMG_ba7816bf8f01cfea414140de5dae2223",
        ]
    )
    func noUpload(text: String) throws {
        #expect(try !#require(ImageID(text)).isUpload)
    }
}

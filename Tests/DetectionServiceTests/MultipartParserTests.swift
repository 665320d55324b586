import DetectionService
import TestSupport
import Testing

/// A part with its complete content.
private struct Part: Equatable, CustomStringConvertible {
    var name: String
    var fileName: String?
    var type: String?
    var content: [UInt8] = []

    init(_ name: String, fileName: String? = nil, type: String? = nil, _ content: String = "") {
        self.name = name
        self.fileName = fileName
        self.type = type
        self.content = Array(content.utf8)
    }

    var description: String { "\(name) \(fileName ?? "-") \(type ?? "-") \(String(decoding: content, as: UTF8.self))" }
}

private func makeParser(
    boundary: String = "XX",
    limits: MultipartParser.Limits = MultipartParser.Limits()
) throws -> MultipartParser {
    try MultipartParser(
        contentType: #require(ContentType("multipart/form-data; boundary=\"\(boundary)\"")),
        limits: limits
    )
}

/// Parses the chunks and assembles the parts; checks the order of the events.
private func parts(_ parser: MultipartParser, _ chunks: some Sequence<some Collection<UInt8>>) throws -> [Part] {
    var parser = parser
    var parts: [Part] = []
    var isInPart = false
    var ends = 0
    for chunk in chunks {
        for event in try parser.parse(chunk) {
            #expect(ends == 0, "no event follows the end")
            switch event {
            case .part(let part):
                #expect(!isInPart)
                isInPart = true
                parts.append(Part(part.name, fileName: part.fileName, type: part.contentType?.essence))
            case .content(let bytes):
                #expect(isInPart && !bytes.isEmpty)
                parts[parts.count - 1].content += bytes
            case .partEnd:
                #expect(isInPart)
                isInPart = false
            case .end:
                #expect(!isInPart)
                ends += 1
            }
        }
    }
    try parser.finish()
    #expect(ends == 1)
    return parts
}

private func failure(_ body: String, limits: MultipartParser.Limits = .init()) -> MultipartError.Code? {
    do {
        _ = try parts(try makeParser(limits: limits), [Array(body.utf8)])
        return nil
    } catch {
        return (error as? MultipartError)?.code
    }
}

private let disposition = "Content-Disposition: form-data; name=\"a\"\r\n"

@Suite("multipart bodies")
struct MultipartParserTests {
    fileprivate struct Body: CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var parts: [Part]

        init(_ name: String, _ text: String, _ parts: Part...) {
            testDescription = name
            self.text = text
            self.parts = parts
        }
    }

    fileprivate static let bodies = [
        Body(
            "curl -F scale=1 -F file=@cat.jpg",
            "--XX\r\n\(disposition)\r\n1\r\n"
                + "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.jpg\"\r\n"
                + "Content-Type: image/jpeg\r\n\r\n\u{1}\r\n\r\n--X\r\n--XX--\r\n",
            Part("a", "1"),
            Part("file", fileName: "cat.jpg", type: "image/jpeg", "\u{1}\r\n\r\n--X")
        ),
        Body(
            "a file without a type, header names in lower case, no final line end",
            "--XX\r\ncontent-disposition:form-data;name=file;filename=\"Größe \\\"1\\\".png\"\r\n\r\nabc\r\n--XX--",
            Part("file", fileName: "Größe \"1\".png", "abc")
        ),
        Body(
            "preamble, epilogue and transport padding are skipped (RFC 2046, 5.1.1)",
            "a preamble\r\n--X\r\n--XX \t \r\n\(disposition)\r\n1\r\n--XX\t\r\n\(disposition)\r\n2\r\n--XX-- \r\n--XX\r\nmore",
            Part("a", "1"),
            Part("a", "2")
        ),
        Body("an empty part", "--XX\r\n\(disposition)\r\n\r\n--XX--", Part("a")),
        Body(
            "an empty part whose empty line belongs to the boundary (RFC 2046, body-part)",
            "--XX\r\n\(disposition)\r\n--XX\r\n\(disposition)\r\n--X\r\n--XX--",
            Part("a"),
            Part("a", "--X")
        ),
        Body("no parts at all, as from an empty FormData", "--XX--\r\n"),
        Body(
            "line ends and hyphens around the boundary are content",
            "--XX\r\n\(disposition)\r\n\r\n\r\r\n--\r\n--X \r\n -XX\r\n\r\r\n--XX--",
            Part("a", "\r\n\r\r\n--\r\n--X \r\n -XX\r\n\r")
        ),
        Body(
            "filename* is ignored and percent signs stay (RFC 7578, 4.2), old paths keep their backslashes",
            "--XX\r\nContent-Disposition: form-data; name=\"a%22\"; filename*=utf-8''x; filename=\"C:\\cat.jpg\"\r\n\r\n"
                + "\r\n--XX--",
            Part("a%22", fileName: "C:\\cat.jpg")
        ),
        Body(
            "an invalid type counts as missing, and binary is not an encoding",
            "--XX\r\n\(disposition)Content-Type: image\r\nContent-Transfer-Encoding: Binary\r\n\r\n1\r\n--XX--",
            Part("a", "1")
        ),
    ]

    @Test("parts are parsed completely", arguments: bodies)
    fileprivate func parses(body: Body) throws {
        #expect(try parts(makeParser(), [Array(body.text.utf8)]) == body.parts)
    }

    @Test("the division into chunks does not change the parts", arguments: bodies)
    fileprivate func cuts(body: Body) throws {
        let bytes = Array(body.text.utf8)
        for index in bytes.indices {
            #expect(try parts(makeParser(), [bytes[..<index], bytes[index...]]) == body.parts, "cut at \(index)")
        }
        #expect(try parts(makeParser(), bytes.map { [$0] }) == body.parts)
    }

    @Test(
        "contents made of pieces of the boundary are parsed in any division into chunks",
        arguments: 0..<200 as Range<UInt64>
    )
    func anyChunks(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = ["\r", "\n", "\r\n", "-", "--", "X", "\r\n--X", "--XX", "\n--XX", "\r\r\n--X-", "a", " "]
        var expected: [Part] = []
        var body = ""
        for name in 0..<Int.random(in: 0...4, using: &generator) {
            var content = ""
            for _ in 0..<Int.random(in: 0...30, using: &generator) {
                content += pieces.randomElement(using: &generator) ?? ""
            }
            // Content cannot contain the boundary.
            if Array("\r\n\(content)\r\n".utf8).contains(subsequence: Array("\r\n--XX".utf8)) { content = "" }
            expected.append(Part("\(name)", content))
            body += "--XX\r\nContent-Disposition: form-data; name=\(name)\r\n\r\n\(content)\r\n"
        }
        body += "--XX--"

        var rest = Array(body.utf8)[...]
        var chunks: [ArraySlice<UInt8>] = []
        while !rest.isEmpty {
            chunks.append(rest.prefix(Int.random(in: 0...12, using: &generator)))
            rest = rest.dropFirst(chunks.last?.count ?? 0)
        }
        #expect(try parts(makeParser(), chunks) == expected)
    }

    @Test(
        "invalid bodies are rejected in any division into chunks",
        arguments: [
            ("", .truncated),
            ("hello", .truncated),
            ("--XX", .truncated),
            ("--XX\r\n\(disposition)", .truncated),
            ("--XX\r\n\(disposition)\r\n1", .truncated),
            ("--XX\r\n\(disposition)\r\n1\r\n--XX-", .truncated),
            ("--XX\r\n\(disposition)\r\n1\r\n--XX\r\n", .truncated),
            ("--XX\n\(disposition)\n1\n--XX--\n", .malformed),
            ("--XX\r\nContent-Disposition: form-data; name=a\n\n1\r\n--XX--", .malformed),
            ("--XX\r\n\(disposition)\r\n1\r\n--XXY\r\n--XX--", .malformed),
            ("--XX\r\n\(disposition)\r\n1\r\n--XX --", .malformed),
            ("--XX\r\n\r\n1\r\n--XX--", .malformed),
            ("--XX\r\n\(disposition)\(disposition)\r\n1\r\n--XX--", .malformed),
            ("--XX\r\n\(disposition) folded\r\n\r\n1\r\n--XX--", .malformed),
            ("--XX\r\nX Y: 1\r\n\(disposition)\r\n1\r\n--XX--", .malformed),
            ("--XX\r\nX: \u{0}\r\n\(disposition)\r\n1\r\n--XX--", .malformed),
            ("--XX\r\nX\r\n\(disposition)\r\n1\r\n--XX--", .malformed),
            ("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--", .malformed),
            ("--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--XX--", .malformed),
            ("--XX\r\nContent-Disposition: form-data; filename=a\r\n\r\n1\r\n--XX--", .malformed),
            ("--XX\r\n\(disposition)Content-Type: multipart/mixed; boundary=Y\r\n\r\n1\r\n--XX--", .unsupported),
            ("--XX\r\n\(disposition)Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--XX--", .unsupported),
        ] as [(String, MultipartError.Code)]
    )
    func refuses(body: String, code: MultipartError.Code) throws {
        #expect(failure(body) == code)
        for size in [1, 2, 3, 7] {
            let bytes = Array(body.utf8)
            let chunks = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let error = #expect(throws: MultipartError.self) { try parts(makeParser(), chunks) }
            #expect(error?.code == code, "in chunks of \(size)")
        }
    }

    @Test("the limits are exact")
    func limits() {
        let headers = disposition + "\r\n"
        let part = "--XX\r\n\(headers)12345\r\n"
        var limits = MultipartParser.Limits()
        limits.parts = 2
        limits.headerBytes = headers.utf8.count
        limits.partBytes = 5
        #expect(failure(part + part + "--XX--", limits: limits) == nil)
        #expect(failure(part + part + part + "--XX--", limits: limits) == .tooManyParts)
        #expect(failure("--XX\r\n\(headers)123456\r\n--XX--", limits: limits) == .partTooLarge)
        #expect(failure("--XX\r\n\(headers)123456", limits: limits) == .partTooLarge, "without waiting for the end")
        #expect(failure("--XX\r\nX:1\r\n\(headers)1\r\n--XX--", limits: limits) == .headersTooLarge)
        #expect(
            failure("--XX\r\nX: " + String(repeating: "y", count: headers.utf8.count), limits: limits)
                == .headersTooLarge
        )
    }

    @Test("a rejected body stays rejected")
    func staysFailed() throws {
        var parser = try makeParser()
        let first = #expect(throws: MultipartError.self) { try parser.parse(Array("--XX!\r\n".utf8)) }
        let second = #expect(throws: MultipartError.self) { try parser.parse(Array("\r\n--XX--".utf8)) }
        let last = #expect(throws: MultipartError.self) { try parser.finish() }
        #expect(first?.code == .malformed)
        #expect(second?.message == first?.message && last?.message == first?.message)
    }

    @Test(
        "the boundary has 1 to 70 characters of RFC 2046's set and does not end in a space",
        arguments: [
            ("----WebKitFormBoundary7MA4YWxkTrZu0gW", true),
            ("gc0pJq0M:08jU534c0p", true),
            ("a b'()+_,-./:=?", true),
            (String(repeating: "x", count: 70), true),
            (String(repeating: "x", count: 71), false),
            ("", false),
            ("ends in a space ", false),
            ("a;b", false),
            ("a\tb", false),
            ("ü", false),
        ]
    )
    func boundaries(boundary: String, isValid: Bool) throws {
        guard isValid else {
            let error = #expect(throws: MultipartError.self) { try makeParser(boundary: boundary) }
            #expect(error?.code == .notMultipart)
            return
        }
        let body = "--\(boundary)\r\n\(disposition)\r\n1\r\n--\(boundary)--"
        #expect(try parts(makeParser(boundary: boundary), [Array(body.utf8)]) == [Part("a", "1")])
    }

    @Test(
        "other media types are rejected",
        arguments: ["multipart/mixed; boundary=XX", "image/jpeg", "multipart/form-data"]
    )
    func otherTypes(text: String) throws {
        let type = try #require(ContentType(text))
        let error = #expect(throws: MultipartError.self) { try MultipartParser(contentType: type) }
        #expect(error?.code == .notMultipart)
    }
}

extension [UInt8] {
    fileprivate func contains(subsequence: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: subsequence) }
    }
}

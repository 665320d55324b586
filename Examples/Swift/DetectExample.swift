// Finds objects in pictures with a running Osprey: swift run DetectExample PICTURE… (needs async-http-client).

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat

struct Answer: Decodable {
    struct Found: Decodable {
        struct Box: Decodable { let origin, size: [Double] }
        let bbox: Box
        let `class`: String
        let score: Double
    }
    let payload: [Found]
}

/// What was wrong, in words (RFC 9457).
struct Problem: Decodable, Error { let detail: String }

@main struct DetectExample {
    static let environment = ProcessInfo.processInfo.environment

    /// Sends a picture, and again if the service is busy.
    static func detect(_ path: String) async throws -> Answer {
        var request = HTTPClientRequest(
            url: "\(environment["OSPREY_URL"] ?? "http://localhost:1337")/detect?confidence=0.4"
        )
        request.method = .POST
        // With API keys: OSPREY_API_KEY=… swift run DetectExample street.jpg
        if let key = environment["OSPREY_API_KEY"] { request.headers.add(name: "X-API-Key", value: key) }
        request.body = .bytes(ByteBuffer(data: try Data(contentsOf: URL(filePath: path))))
        var tries = 1
        while true {
            let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            let body = try await answer.body.collect(upTo: 16 << 20)
            if answer.status == .ok { return try JSONDecoder().decode(Answer.self, from: body) }
            guard answer.status == .serviceUnavailable, tries < 5 else {
                throw try JSONDecoder().decode(Problem.self, from: body)
            }
            tries += 1
            try await Task.sleep(for: .seconds(answer.headers.first(name: "Retry-After").flatMap(Double.init) ?? 1))
        }
    }

    static func main() async throws {
        for path in CommandLine.arguments.dropFirst() {
            for found in try await detect(path).payload {
                let numbers = (found.bbox.origin + found.bbox.size).map { Int($0.rounded()) }
                let score = String(format: "%.2f", found.score)
                print("\(path): \(found.class) \(score) at \(numbers[0]),\(numbers[1]), \(numbers[2])x\(numbers[3])")
            }
        }
    }
}

internal import AsyncHTTPClient
internal import Basics
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Streams

/// Sends each event in a POST request.
///
/// - SeeAlso: Standard Webhooks, for the headers and the signature.
final class Webhook: EventReceiver {
    private let destination: Destination
    private let key: [UInt8]?
    private let client: HTTPClient

    private static let timeout = TimeAmount.seconds(10)
    private static let bodyTimeout = Duration.seconds(2)
    private static let maximumAnswerBytes = 64 << 10
    /// Statuses that say that the event itself is wrong.
    private static let finalStatuses: Set<UInt> = [400, 413, 415, 422]

    /// - Parameters:
    ///   - destination: An address of http or https.
    ///   - key: Signs requests; nil for none.
    ///   - authorities: Path of a file with trusted certificates, besides the system's.
    init(_ destination: Destination, key: [UInt8]?, authorities: String?) {
        self.destination = destination
        self.key = key
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: Self.timeout)
        )
        if let authorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.additionalTrustRoots = [.file(authorities)]
            configuration.tlsConfiguration = tls
        }
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(20)
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func send(_ event: SentEvent, line: [UInt8], picture: [UInt8]?) async throws {
        let id = "\(event.stream)-\(event.id)"
        var request = HTTPClientRequest(url: destination.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "osprey")
        request.headers.add(name: "Webhook-Id", value: id)
        let seconds = Int(Date().timeIntervalSince1970)
        request.headers.add(name: "Webhook-Timestamp", value: "\(seconds)")
        if let key {
            let signature = WebhookSignature(id: id, seconds: seconds, body: line, key: key)
            request.headers.add(name: "Webhook-Signature", value: signature.text)
        }
        if let user = destination.user {
            request.setBasicAuth(username: user, password: destination.password ?? "")
        }
        request.body = .bytes(ByteBuffer(bytes: line))
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: Self.timeout)
        } catch let error as HTTPClientError where error == .cancelled {
            throw CancellationError()
        } catch let error as HTTPClientError {
            throw NotificationError("\(destination.authority) does not answer: \(error.shortDescription)")
        } catch {
            try Task.checkCancellation()
            throw NotificationError("\(destination.authority) cannot be reached: \(error)")
        }
        await discard(response.body)
        guard !(200..<300).contains(response.status.code) else { return }
        throw NotificationError(
            "\(destination.authority) answers with status \(response.status.code)",
            isFinal: Self.finalStatuses.contains(response.status.code),
            retryAfter: response.headers.first(name: "Retry-After").flatMap { Double($0) }
        )
    }

    /// Reads a short body, so that the connection can be used again; a long or slow one ends it.
    private func discard(_ body: HTTPClientResponse.Body) async {
        await withTaskGroup { group in
            group.addTask { _ = try? await body.collect(upTo: Self.maximumAnswerBytes) }
            group.addTask { try? await Task.sleep(for: Self.bodyTimeout) }
            await group.next()
            group.cancelAll()
        }
    }

    func update(_ streams: [StreamHub.Stream], _ progress: SubscriptionProgress) {}

    func close() async { try? await client.shutdown() }
}

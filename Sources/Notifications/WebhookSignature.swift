internal import Crypto
internal import FoundationEssentials

/// Says that a request comes from someone who knows the key.
///
/// - SeeAlso: Standard Webhooks, "Signature scheme", HMAC-SHA256.
package struct WebhookSignature {
    /// As it stands in the header.
    package let text: String

    /// - Parameters:
    ///   - id: Id of the message.
    ///   - seconds: Time of the request in seconds since 1970.
    ///   - body: Body of the request.
    ///   - key: The shared secret.
    package init(id: String, seconds: Int, body: [UInt8], key: [UInt8]) {
        let signed = Array("\(id).\(seconds).".utf8) + body
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key))
        text = "v1,\(Data(code).base64EncodedString())"
    }
}

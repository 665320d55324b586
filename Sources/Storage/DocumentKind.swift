/// A kind of small documents that a store keeps beside pictures, such as the zones of cameras.
package enum DocumentKind: String, CaseIterable, Sendable {
    case zones
    case streams
    case subscriptions

    /// Maximum number of documents of a kind.
    package static let maximumCount = 1000
    /// Maximum size of a document in bytes.
    package static let maximumBytes = 64 << 10
}

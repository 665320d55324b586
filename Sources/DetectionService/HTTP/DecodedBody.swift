/// A decompressed body, counted against the budget until the last reference is released.
package final class DecodedBody: Sendable {
    package let bytes: [UInt8]
    private let shares: [ByteBudget.Share]

    /// Decompresses a body; blocks as ``ContentCoding/decode(_:limit:reserve:)``.
    ///
    /// - Parameters:
    ///   - encoded: The complete body.
    ///   - coding: How it is compressed.
    ///   - limit: Maximum number of bytes of the result.
    ///   - budget: What the result counts against.
    /// - Throws: ``Problem`` if the body is damaged, or larger than `limit`; `ByteBudget.Exceeded`.
    init(_ encoded: [UInt8], _ coding: ContentCoding, limit: Int, budget: ByteBudget) throws {
        var shares: [ByteBudget.Share] = []
        bytes = try coding.decode(encoded, limit: limit) { count in
            shares.append(try ByteBudget.Share(of: budget, count: count))
        }
        self.shares = shares
    }
}

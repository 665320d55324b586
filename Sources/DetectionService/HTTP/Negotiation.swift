internal import HTTPTypes
internal import Hummingbird

/// Chooses a representation by the `Accept` header (RFC 9110, section 12.5.1).
struct Negotiation {
    private struct Range {
        var type: Substring
        var subtype: Substring
        var quality: Double

        /// How specifically the range matches a media type: 3 exactly, 2 by type, 1 by wildcard, nil not at all.
        func precision(for mediaType: String) -> Int? {
            let names = mediaType.split(separator: "/", maxSplits: 1)
            if type == "*" { return 1 }
            guard names.count == 2, type == names[0] else { return nil }
            return subtype == "*" ? 2 : subtype == names[1] ? 3 : nil
        }
    }

    private let ranges: [Range]

    /// Parses the header; without it, everything is acceptable.
    init(_ headers: HTTPFields) {
        let text = headers[values: .accept].joined(separator: ",")
        let parsed = text.split(separator: ",").compactMap { item -> Range? in
            let parts = item.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard let names = parts.first?.split(separator: "/"), names.count == 2 else { return nil }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return Range(type: names[0], subtype: names[1], quality: quality)
        }
        ranges = text.isEmpty ? [Range(type: "*", subtype: "*", quality: 1)] : parsed
    }

    /// Returns the offer that the client prefers, the first of several equal ones; nil if none is acceptable.
    func choose(from offers: [String]) -> String? {
        var best: (offer: String, quality: Double)?
        for offer in offers {
            let matches = ranges.compactMap { range in range.precision(for: offer).map { ($0, range.quality) } }
            // The most specific range decides, so that "image/*;q=0.5, image/png" prefers PNG.
            guard let quality = matches.max(by: { $0.0 < $1.0 })?.1, quality > 0 else { continue }
            if quality > best?.quality ?? 0 { best = (offer, quality) }
        }
        return best?.offer
    }
}

extension Call {
    /// Returns the media type of the response.
    ///
    /// - Throws: ``Problem`` (406) if no offer is acceptable.
    func negotiated(from offers: [String]) throws -> String {
        guard let choice = Negotiation(request.headers).choose(from: offers) else {
            throw Problem(.notAcceptable, "This call returns \(offers.joined(separator: ", ")); accept one of them.")
        }
        return choice
    }
}

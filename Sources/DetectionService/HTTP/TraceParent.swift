/// The trace that a request is part of, as its caller says.
///
/// - SeeAlso: W3C Trace Context, section 3.2 (`traceparent`).
struct TraceParent {
    /// 32 lowercase hexadecimal digits.
    let traceID: String

    /// Parses the header's value; nil if it is missing or invalid, which the standard says to ignore.
    init?(_ header: String?) {
        guard let header, header.utf8.count <= 256 else { return nil }
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts.prefix(4).map(\.utf8.count) == [2, 32, 16, 2],
            parts.prefix(4).allSatisfy({ $0.utf8.allSatisfy(Self.isDigit) }),
            // Version 00 has no more parts, and ff is none.
            parts[0] == "00" ? parts.count == 4 : parts[0] != "ff",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        traceID = String(parts[1])
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

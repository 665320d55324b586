internal import Basics
internal import CCompression
internal import HTTPTypes

/// A compression of request bodies and messages.
///
/// - SeeAlso: RFC 9110, section 8.4.1 (gzip, deflate); RFC 8878 and 9659 (zstd).
package enum ContentCoding: String, CaseIterable, Sendable {
    case gzip
    case deflate
    case zstd

    /// Reads `Content-Encoding`; nil if the body is not compressed.
    ///
    /// - Throws: ``Problem`` (415), with the supported codings in `Accept-Encoding`.
    init?(_ headers: HTTPFields) throws(Problem) {
        let given = headers[values: .contentEncoding].joined(separator: ",").split(separator: ",")
            .map { $0.filter { !$0.isWhitespace }.lowercased() }.filter { !$0.isEmpty && $0 != "identity" }
        guard let first = given.first else { return nil }
        guard given.count == 1, let coding = Self(rawValue: first == "x-gzip" ? "gzip" : first) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(
                .unsupportedMediaType,
                "The Content-Encoding \(given.joined(separator: ", ").printable(limit: 64)) is not supported: send the "
                    + "body uncompressed, or with one of \(known).",
                headers: [.acceptEncoding: known]
            )
        }
        self = coding
    }

    /// Decompresses a body; blocks for about 3 ms per megabyte of the result.
    ///
    /// - Parameters:
    ///   - bytes: The complete body.
    ///   - limit: Maximum number of bytes of the result.
    ///   - reserve: Called with the number of bytes before they are added to the result.
    /// - Returns: The decompressed body.
    /// - Throws: ``Problem`` (400) if the body is damaged or incomplete, (413) above the limit; errors of `reserve`.
    func decode(_ bytes: [UInt8], limit: Int, reserve: (Int) throws -> Void) throws -> [UInt8] {
        var decoded: [UInt8] = []
        let add = { (chunk: UnsafeBufferPointer<UInt8>) in
            guard chunk.count <= limit - decoded.count else {
                let message = "The decompressed body exceeds the limit of \(limit) bytes; send a smaller one."
                throw Problem(.tooLarge, message)
            }
            try reserve(chunk.count)
            decoded.append(contentsOf: chunk)
        }
        let isComplete =
            switch self {
            case .gzip: try Self.inflate(bytes, windowBits: 15 + 16, add)
            // Some clients leave out zlib's header, which begins with 8 in the low bits.
            case .deflate: try Self.inflate(bytes, windowBits: (bytes.first ?? 0) & 15 == 8 ? 15 : -15, add)
            case .zstd: try Self.decompress(bytes, add)
            }
        guard isComplete else {
            throw Problem(.malformed, "The body is not complete \(rawValue) data, as it says.")
        }
        return decoded
    }

    private typealias Receiver = (UnsafeBufferPointer<UInt8>) throws -> Void

    /// Size of the buffer between the library and the result.
    private static let chunkBytes = 1 << 16

    private static func inflate(_ bytes: [UInt8], windowBits: CInt, _ receive: Receiver) throws -> Bool {
        var stream = z_stream()
        guard ccompression_start(&stream, windowBits) == Z_OK else { return false }
        defer { inflateEnd(&stream) }
        return try bytes.withUnsafeBufferPointer { input in
            try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkBytes) { chunk in
                // zlib does not write to its input.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(clamping: input.count)
                while true {
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(chunk.count)
                    let status = CCompression.inflate(&stream, Z_NO_FLUSH)
                    let count = chunk.count - Int(stream.avail_out)
                    try receive(UnsafeBufferPointer(rebasing: chunk[..<count]))
                    // A gzip file may have several members.
                    if status == Z_STREAM_END, stream.avail_in > 0, windowBits > 15, inflateReset(&stream) == Z_OK {
                        continue
                    }
                    guard status == Z_OK, count > 0 || stream.avail_in > 0 else {
                        return status == Z_STREAM_END && stream.avail_in == 0
                    }
                }
            }
        }
    }

    private static func decompress(_ bytes: [UInt8], _ receive: Receiver) throws -> Bool {
        guard let stream = ZSTD_createDCtx() else { return false }
        defer { ZSTD_freeDCtx(stream) }
        // RFC 9659 limits the window to 8 MB.
        guard ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 23)) == 0 else { return false }
        return try bytes.withUnsafeBufferPointer { input in
            try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkBytes) { chunk in
                var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                while true {
                    var sink = ZSTD_outBuffer(dst: chunk.baseAddress, size: chunk.count, pos: 0)
                    let hint = ZSTD_decompressStream(stream, &sink, &source)
                    guard ZSTD_isError(hint) == 0 else { return false }
                    try receive(UnsafeBufferPointer(rebasing: chunk[..<sink.pos]))
                    // 0 is the end of a frame, and there may be several.
                    if source.pos == source.size, sink.pos < sink.size { return hint == 0 && input.count > 0 }
                }
            }
        }
    }
}

import Glibc

/// Fuzzes the parser of multipart bodies: it must find the same parts in whatever chunks a body arrives.
///
/// The first byte is the length of the chunks.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMultipart(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let body = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let whole = outcome(of: body, chunk: body.count + 1)
    precondition(outcome(of: body, chunk: Int(start[0]) + 1) == whole, "the parts depend on the chunks")
    // The same bytes as a header.
    let header = ContentType(String(decoding: body.prefix(256), as: UTF8.self))
    precondition(header.map { !$0.type.isEmpty && !$0.subtype.isEmpty } ?? true)
    return 0
}

private struct Outcome: Equatable {
    var parts: [MultipartPart] = []
    var contents: [[UInt8]] = []
    var ended = 0
    var error: MultipartError.Code?
}

private func outcome(of body: [UInt8], chunk: Int) -> Outcome {
    var outcome = Outcome()
    var limits = MultipartParser.Limits()
    limits.parts = 8
    limits.headerBytes = 256
    limits.partBytes = 512
    guard let type = ContentType("multipart/form-data; boundary=b"),
        var parser = try? MultipartParser(contentType: type, limits: limits)
    else { fatalError("the type is valid") }
    do throws(MultipartError) {
        for start in stride(from: 0, to: body.count, by: chunk) {
            for event in try parser.parse(body[start..<min(start + chunk, body.count)]) {
                switch event {
                case .part(let part):
                    outcome.parts.append(part)
                    outcome.contents.append([])
                case .content(let bytes):
                    precondition(!bytes.isEmpty)
                    outcome.contents[outcome.contents.count - 1] += bytes
                case .partEnd: outcome.ended += 1
                case .end: break
                }
            }
        }
        try parser.finish()
    } catch {
        // How much of a rejected body was read depends on its chunks.
        return Outcome(error: error.code)
    }
    return outcome
}

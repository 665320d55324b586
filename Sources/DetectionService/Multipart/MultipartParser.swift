import Glibc

/// Parses a `multipart/form-data` body incrementally.
///
/// A push parser without I/O: pass each chunk of the body to ``parse(_:)``, then call ``finish()``. The events do not
/// depend on the division into chunks, except for the division of the content into ``Event/content(_:)`` events. Less
/// than a boundary or the header limit is buffered between chunks, and the time is linear in the body's length.
///
/// Line ends must be CRLF, which all known clients send; bare line feeds are rejected because they are ambiguous. Text
/// before the first and after the last boundary is ignored. The caller must limit the length of the complete body.
/// - SeeAlso: RFC 7578, and RFC 2046, section 5.1.1.
package struct MultipartParser {
    /// Limits of a body.
    package struct Limits: Sendable {
        /// Maximum number of parts.
        package var parts = 64
        /// Maximum length of one part's headers in bytes, line ends included.
        package var headerBytes = 8 * 1024
        /// Maximum length of one part's content in bytes.
        package var partBytes = 32 * 1024 * 1024

        package init() {}
    }

    /// A parsed piece of the body: for each part `part`, any number of `content`, `partEnd`; after the last part `end`.
    package enum Event: Hashable, Sendable {
        /// A part begins.
        case part(MultipartPart)
        /// The next bytes of the part's content, at least one.
        case content(ArraySlice<UInt8>)
        /// The part is complete.
        case partEnd
        /// The body is complete.
        case end
    }

    private enum State {
        case preamble
        /// After a boundary, which is followed by CRLF or, if it is the last one, by two hyphens.
        case boundary(isPadded: Bool)
        case headers
        /// At the CRLF of the empty line after the headers.
        case headersEnd
        case content
        case epilogue
        case failed(MultipartError)
    }

    private let limits: Limits
    /// CRLF, two hyphens and the boundary.
    private let delimiter: [UInt8]
    private var state = State.preamble
    /// Received bytes; those from `position` on are not parsed yet.
    private var buffer: [UInt8]
    private var position = 0
    private var isEmpty = true

    private var partCount = 0
    private var fields: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var partBytes = 0

    /// Makes a parser for a body of this media type.
    ///
    /// - Throws: ``MultipartError`` with ``MultipartError/Code/notMultipart`` if the type is not `multipart/form-data`,
    ///   or its boundary is missing or invalid (1...70 characters of RFC 2046's set are valid).
    package init(contentType: ContentType, limits: Limits = Limits()) throws(MultipartError) {
        guard contentType.essence == "multipart/form-data" else {
            throw MultipartError(.notMultipart, "the body is \(contentType.essence), not multipart/form-data")
        }
        guard let boundary = contentType.parameters["boundary"], Self.isBoundary(boundary) else {
            throw MultipartError(
                .notMultipart,
                "multipart/form-data needs the parameter 'boundary' of 1 to 70 characters: let your HTTP client set it"
            )
        }
        self.limits = limits
        delimiter = Array("\r\n--\(boundary)".utf8)
        // Without a preamble, the body starts with a boundary that no line end precedes.
        buffer = Array("\r\n".utf8)
    }

    /// Parses the next chunk of the body.
    ///
    /// - Parameter chunk: The next bytes of the body; may be empty.
    /// - Returns: The events that these bytes complete.
    /// - Throws: ``MultipartError``; every further call throws the same error.
    package mutating func parse(_ chunk: some Collection<UInt8>) throws(MultipartError) -> [Event] {
        buffer.append(contentsOf: chunk)
        isEmpty = isEmpty && chunk.isEmpty
        var events: [Event] = []
        do throws(MultipartError) {
            while try step(&events) {}
        } catch {
            state = .failed(error)
            buffer = []
            position = 0
            throw error
        }
        // A copy, because the events still reference the old bytes.
        if position > 0 { buffer = Array(buffer[position...]) }
        position = 0
        return events
    }

    /// Checks that the body is complete.
    ///
    /// - Throws: ``MultipartError`` with ``MultipartError/Code/truncated`` if the last boundary is missing; an error of
    ///   ``parse(_:)`` again.
    package func finish() throws(MultipartError) {
        switch state {
        case .epilogue:
            return
        case .failed(let error):
            throw error
        case .preamble where isEmpty:
            throw MultipartError(.truncated, "the body is empty")
        case .preamble:
            throw MultipartError(.truncated, "the body does not contain the boundary of the Content-Type header")
        case .boundary, .headers, .headersEnd, .content:
            throw MultipartError(.truncated, "the body ends before its last boundary")
        }
    }

    /// Performs one step; false if it needs more bytes.
    private mutating func step(_ events: inout [Event]) throws(MultipartError) -> Bool {
        switch state {
        case .preamble: skipPreamble()
        case .boundary(let isPadded): try readBoundary(isPadded: isPadded, &events)
        case .headers: try readHeader()
        case .headersEnd: try readHeadersEnd(&events)
        case .content: try readContent(&events)
        case .epilogue: skipEpilogue()
        case .failed(let error): throw error
        }
    }

    private mutating func skipPreamble() -> Bool {
        let (index, isWhole) = nextDelimiter()
        position = index
        if isWhole { passDelimiter() }
        return isWhole
    }

    private mutating func skipEpilogue() -> Bool {
        position = buffer.count
        return false
    }

    private mutating func readBoundary(isPadded: Bool, _ events: inout [Event]) throws(MultipartError) -> Bool {
        let rest = buffer[position...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let isPadded = isPadded || rest.startIndex > position
        position = rest.startIndex
        state = .boundary(isPadded: isPadded)
        guard rest.count >= 2 else { return false }

        if rest.starts(with: "\r\n".utf8) {
            partCount += 1
            guard partCount <= limits.parts else {
                throw MultipartError(.tooManyParts, "the body has more than \(limits.parts) parts")
            }
            position += 2
            fields = []
            headerBytes = 0
            state = .headers
        } else if rest.starts(with: "--".utf8), !isPadded {
            events.append(.end)
            state = .epilogue
        } else if rest.first == UInt8(ascii: "\n") {
            throw MultipartError(.malformed, "line ends in a multipart body must be CRLF, not LF alone")
        } else {
            throw MultipartError(.malformed, "a line starts with the boundary but has other characters after it")
        }
        return true
    }

    private mutating func readHeader() throws(MultipartError) -> Bool {
        let lineFeed = buffer[position...].firstIndex(of: UInt8(ascii: "\n"))
        let line = buffer[position..<(lineFeed ?? buffer.count)]
        guard headerBytes + line.count < limits.headerBytes else {
            throw MultipartError(.headersTooLarge, "a part has more than \(limits.headerBytes) bytes of headers")
        }
        guard let lineFeed else { return false }
        guard line.last == UInt8(ascii: "\r") else {
            throw MultipartError(.malformed, "a header of a part ends in LF alone, not in CRLF")
        }
        guard line.count > 1 else {
            state = .headersEnd
            return true
        }
        fields.append(try Self.field(line.dropLast()))
        headerBytes += line.count + 1
        position = lineFeed + 1
        return true
    }

    private mutating func readHeadersEnd(_ events: inout [Event]) throws(MultipartError) -> Bool {
        let rest = buffer[position...]
        let isEmptyPart = rest.starts(with: delimiter)
        // In RFC 2046's grammar, the empty line after the headers may also be the line end of the next boundary.
        guard isEmptyPart || !delimiter.starts(with: rest) else { return false }
        events.append(.part(try MultipartPart(fields: fields)))
        if isEmptyPart {
            events.append(.partEnd)
            passDelimiter()
        } else {
            position += 2
            partBytes = 0
            state = .content
        }
        return true
    }

    private mutating func readContent(_ events: inout [Event]) throws(MultipartError) -> Bool {
        let (index, isWhole) = nextDelimiter()
        partBytes += index - position
        guard partBytes <= limits.partBytes else {
            throw MultipartError(.partTooLarge, "a part is longer than \(limits.partBytes) bytes")
        }
        if index > position { events.append(.content(buffer[position..<index])) }
        position = index
        if isWhole {
            events.append(.partEnd)
            passDelimiter()
        }
        return isWhole
    }

    private mutating func passDelimiter() {
        position += delimiter.count
        state = .boundary(isPadded: false)
    }

    /// Finds the next delimiter or, if there is none, the first byte that may be the start of an incomplete one.
    ///
    /// A boundary contains no CR, so two candidates never overlap and each byte is examined at most twice.
    private func nextDelimiter() -> (index: Int, isWhole: Bool) {
        buffer.withUnsafeBytes { bytes in
            delimiter.withUnsafeBytes { delimiter in
                guard let base = bytes.baseAddress, let pattern = delimiter.baseAddress else { return (0, false) }
                var index = position
                while let match = memchr(base + index, Int32(UInt8(ascii: "\r")), bytes.count - index) {
                    index = UnsafeRawPointer(match) - base
                    let length = min(delimiter.count, bytes.count - index)
                    if memcmp(match, pattern, length) == 0 { return (index, length == delimiter.count) }
                    index += 1
                }
                return (bytes.count, false)
            }
        }
    }

    /// Splits a header line into its name, in lower case, and its value.
    private static func field(_ line: ArraySlice<UInt8>) throws(MultipartError) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(\.isTokenCharacter),
            line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") })
        else { throw MultipartError(.malformed, "a part has a header that is not 'name: value'") }
        let value = line[(colon + 1)...].trimmingWhitespace()
        return (line[..<colon].lowercasedText, String(decoding: value, as: UTF8.self))
    }

    /// Whether the text is a valid boundary (RFC 2046): 1...70 characters of a small set, not ending in a space.
    private static func isBoundary(_ text: String) -> Bool {
        (1...70).contains(text.utf8.count) && text.utf8.last != UInt8(ascii: " ")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "'()+_,-./:=? ".utf8.contains(byte)
                }
            }
    }
}

import Glibc

/// Takes a `multipart/form-data` body apart, as its bytes arrive.
///
/// A push state machine that does no I/O: give it each chunk of the body with ``parse(_:)``, then call ``finish()``.
/// Whatever the chunks, the events are the same but for how the content is divided among ``Event/content(_:)``.
/// What was held back between two chunks is shorter than a boundary or the header limit, and the time is linear in
/// the length of the body.
///
/// Line ends have to be CRLF, as in every client known: a body with bare line feeds is refused rather than guessed at.
/// What stands before the first boundary and after the last is ignored. The length of the whole body is for the caller
/// to limit.
/// - SeeAlso: RFC 7578, and RFC 2046, section 5.1.1.
package struct MultipartParser {
    /// What the client may ask for at most.
    package struct Limits: Sendable {
        /// The number of parts.
        package var parts = 64
        /// The length of the headers of one part, in bytes, line ends included.
        package var headerBytes = 8 * 1024
        /// The length of the content of one part, in bytes.
        package var partBytes = 32 * 1024 * 1024

        package init() {}
    }

    /// A step of the body: for each part `part`, any number of `content`, `partEnd`; after the last part `end`.
    package enum Event: Hashable, Sendable {
        /// A part begins.
        case part(MultipartPart)
        /// Some more bytes of the part's content, at least one.
        case content(ArraySlice<UInt8>)
        /// The part is complete.
        case partEnd
        /// The body is complete.
        case end
    }

    private enum State {
        case preamble
        /// Behind a boundary, which ends in CRLF or, if it is the last one, in two hyphens.
        case boundary(isPadded: Bool)
        case headers
        /// At the CRLF of the empty line behind the headers.
        case headersEnd
        case content
        case epilogue
        case failed(MultipartError)
    }

    private let limits: Limits
    /// CRLF, two hyphens and the boundary.
    private let delimiter: [UInt8]
    private var state = State.preamble
    /// The bytes not done with; `position` is where they begin.
    private var buffer: [UInt8]
    private var position = 0
    private var isEmpty = true

    private var partCount = 0
    private var fields: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var partBytes = 0

    /// Makes a parser of a body with this media type.
    ///
    /// - Throws: ``MultipartError`` with ``MultipartError/Code/notMultipart`` where the type is not
    ///   `multipart/form-data`, or where its boundary is missing or not one (1...70 characters of RFC 2046's set).
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
        // The first boundary has no line end before it where there is no preamble.
        buffer = Array("\r\n".utf8)
    }

    /// Reads on.
    ///
    /// - Parameter chunk: The next bytes of the body, however many.
    /// - Returns: What was complete with them.
    /// - Throws: ``MultipartError``; the same one from then on.
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
        // A copy, for the events still hold the old bytes.
        if position > 0 { buffer = Array(buffer[position...]) }
        position = 0
        return events
    }

    /// Checks that the body was complete.
    ///
    /// - Throws: ``MultipartError`` with ``MultipartError/Code/truncated`` where the last boundary is missing.
    package func finish() throws(MultipartError) {
        switch state {
        case .epilogue:
            return
        case .failed(let error):
            throw error
        case .preamble where isEmpty:
            throw MultipartError(.truncated, "the body is empty")
        case .preamble:
            throw MultipartError(.truncated, "the boundary of the Content-Type header is nowhere in the body")
        case .boundary, .headers, .headersEnd, .content:
            throw MultipartError(.truncated, "the body ends before its last boundary")
        }
    }

    /// Takes one step; false where it needs more bytes.
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
            throw MultipartError(.malformed, "line ends in a multipart body have to be CRLF, not LF alone")
        } else {
            throw MultipartError(.malformed, "a line begins with the boundary and goes on with something else")
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
        // By RFC 2046 the empty line may already be the line end that belongs to the next boundary.
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

    /// Where the next delimiter begins; where there is none, the first byte that may be the beginning of one.
    ///
    /// A boundary has no CR in it, so that two candidates never overlap and each byte is looked at twice at most.
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

    /// Whether the text may be a boundary by RFC 2046: 1...70 characters of a small set, the last one not a space.
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

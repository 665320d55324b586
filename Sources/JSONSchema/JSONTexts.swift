internal import FoundationEssentials
internal import Glibc

/// A JSON body whose texts were checked before they become strings, without those that a parser would take long for.
///
/// Comparing and hashing text takes time for its Unicode normalisation: seconds for megabytes of combining accents. No
/// call needs long text, except pictures in base64, and those are set aside: a parser looks at each of their characters.
struct JSONTexts {
    /// Maximum length of a member's name in bytes.
    static let maximumNameBytes = 256
    /// Length in bytes up to which a text may have any characters, and is left to the parser.
    private static let maximumUnicodeBytes = 4096
    /// Start of what replaces a text that was set aside; nobody can guess it.
    private static let mark = UUID().uuidString

    /// The body with its long texts replaced.
    private(set) var body: [UInt8]
    private var texts: [Range<Int>] = []
    private let original: [UInt8]

    /// Checks a body; nil if a name is long, or a long text is not ASCII.
    ///
    /// Other faults are left to the parser.
    init?(_ body: [UInt8]) {
        original = body
        self.body = []
        let isHarmless = body.withUnsafeBufferPointer { bytes in
            var position = 0
            var copied = 0
            while let start = Self.find("\"", in: bytes[position...]) {
                guard let text = Text(in: bytes, from: start + 1) else { break }
                let count = text.end - start - 1
                if count > Self.maximumNameBytes {
                    let isName = bytes[text.end...].dropFirst().first { !Self.isSpace($0) } == UInt8(ascii: ":")
                    if isName { return false }
                }
                if count > Self.maximumUnicodeBytes {
                    guard text.isPlain else { return false }
                    if !text.hasEscapes {
                        self.body.append(contentsOf: bytes[copied...start])
                        self.body.append(contentsOf: "\(Self.mark)\(texts.count)".utf8)
                        texts.append((start + 1)..<text.end)
                        copied = text.end
                    }
                }
                position = text.end + 1
            }
            if copied > 0 { self.body.append(contentsOf: bytes[copied...]) }
            return true
        }
        guard isHarmless else { return nil }
        if texts.isEmpty { self.body = body }
    }

    /// Returns a parsed value with the texts that were set aside.
    func restored(_ value: JSONValue) -> JSONValue {
        guard !texts.isEmpty else { return value }
        switch value {
        case .string(let text) where text.hasPrefix(Self.mark):
            guard let index = Int(text.dropFirst(Self.mark.count)), texts.indices.contains(index) else { return value }
            return .string(String(decoding: original[texts[index]], as: UTF8.self))
        case .array(let values): return .array(values.map(restored))
        case .object(let members): return .object(members.mapValues(restored))
        default: return value
        }
    }

    /// A text of a body.
    private struct Text {
        /// Position of the closing quotation mark.
        let end: Int
        /// Whether it is ASCII, also in its escapes.
        let isPlain: Bool
        let hasEscapes: Bool

        /// Finds the end of a text; nil if it has none.
        init?(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) {
            guard let first = find("\"", in: bytes[start...]) else { return nil }
            if find("\\", in: bytes[start..<first]) == nil {
                end = first
                isPlain = bytes[start..<first].reduce(0, |) < 0x80
                hasEscapes = false
                return
            }
            var isPlain = true
            var position = start
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    end = position
                    self.isPlain = isPlain
                    hasEscapes = true
                    return
                case UInt8(ascii: "\\"):
                    if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u") { isPlain = false }
                    position += 2
                case let byte:
                    if byte >= 0x80 { isPlain = false }
                    position += 1
                }
            }
            return nil
        }
    }

    /// Returns the position of the first such byte.
    private static func find(_ byte: Unicode.Scalar, in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard let base = bytes.base.baseAddress, !bytes.isEmpty else { return nil }
        let start = base + bytes.startIndex
        guard let found = memchr(start, Int32(byte.value), bytes.count) else { return nil }
        return bytes.startIndex + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [9, 10, 13, 32].contains(byte) }
}

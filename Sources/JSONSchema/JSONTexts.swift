/// A check of a JSON body's texts before they become strings.
///
/// Comparing and hashing text takes time for its Unicode normalisation: seconds for megabytes of combining accents. No
/// call needs long text, except pictures in base64.
enum JSONTexts {
    /// Maximum length of a member's name in bytes.
    static let maximumNameBytes = 256
    /// Length in bytes up to which a text may have any characters.
    private static let maximumUnicodeBytes = 4096

    /// Whether names are short and long texts are ASCII; other faults are left to the parser.
    static func areHarmless(_ body: [UInt8]) -> Bool {
        body.withUnsafeBufferPointer { bytes in
            var position = 0
            while let start = bytes[position...].firstIndex(of: UInt8(ascii: "\"")) {
                guard let text = Text(in: bytes, from: start + 1) else { return true }
                let isName = bytes[text.end...].dropFirst().first { !isSpace($0) } == UInt8(ascii: ":")
                let count = text.end - start - 1
                if isName, count > maximumNameBytes { return false }
                if count > maximumUnicodeBytes, !text.isPlain { return false }
                position = text.end + 1
            }
            return true
        }
    }

    /// A text of a body.
    private struct Text {
        /// Position of the closing quotation mark.
        let end: Int
        /// Whether it is ASCII, also in its escapes.
        let isPlain: Bool

        /// Finds the end of a text; nil if it has none.
        init?(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) {
            var isPlain = true
            var position = start
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    end = position
                    self.isPlain = isPlain
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

    private static func isSpace(_ byte: UInt8) -> Bool { [9, 10, 13, 32].contains(byte) }
}

internal import FoundationEssentials

/// Why a JSON text was rejected before its values were validated.
package enum JSONTextError: Error {
    /// A name is longer than ``JSONTextError/maximumNameBytes``, or a long text is not ASCII.
    case costlyText
    /// It has more than ``JSONTextError/maximumValues`` values.
    case tooManyValues
    /// It is not JSON, or is nested too deeply.
    case malformed

    /// Maximum length of a member's name in bytes.
    package static let maximumNameBytes = JSONTexts.maximumNameBytes
    /// Maximum number of values; calls declare far fewer, and each decoded value takes many bytes.
    package static let maximumValues = 5000
}

extension JSONValue {
    /// Parses a JSON text in UTF-8.
    ///
    /// - Throws: ``JSONTextError`` for a text that is not JSON, or takes too long to parse.
    init(parsing json: [UInt8]) throws(JSONTextError) {
        guard let texts = JSONTexts(json) else { throw .costlyText }
        guard Self.isFlat(texts.body) else { throw .malformed }
        let beginnings = texts.body.count {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{")
        }
        guard beginnings <= JSONTextError.maximumValues else { throw .tooManyValues }
        guard let parsed = try? JSONDecoder().decode(JSONValue.self, from: Data(texts.body)) else { throw .malformed }
        self = texts.restored(parsed)
    }

    /// Maximum depth of nested values: the time to decode one grows with its depth.
    private static let maximumDepth = 32

    /// Whether values are not nested too deeply.
    private static func isFlat(_ json: [UInt8]) -> Bool {
        var depth = 0
        var isText = false
        var isEscaped = false
        for byte in json {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isText: isEscaped = true
            case UInt8(ascii: "\""): isText.toggle()
            case UInt8(ascii: "[") where !isText, UInt8(ascii: "{") where !isText: depth += 1
            case UInt8(ascii: "]") where !isText, UInt8(ascii: "}") where !isText: depth -= 1
            default: break
            }
            guard depth <= maximumDepth else { return false }
        }
        return true
    }
}

extension Values {
    /// Parses and validates a JSON object.
    ///
    /// - Parameters:
    ///   - json: The text in UTF-8.
    ///   - fields: The declared members.
    ///   - location: Start of the locations of errors, such as `body`.
    ///   - ignoresUnknown: Whether to ignore unknown members instead of rejecting them.
    ///   - errors: Receives an error for each member that is unknown, missing or invalid.
    /// - Throws: ``JSONTextError`` for a text that is not JSON, or takes too long to parse.
    package init(
        parsingJSON json: [UInt8],
        fields: [Field],
        location: String,
        ignoresUnknown: Bool = false,
        into errors: inout ValidationErrors
    ) throws(JSONTextError) {
        var value = try JSONValue(parsing: json)
        if ignoresUnknown, case .object(let members) = value {
            value = .object(members.filter { member in fields.contains { $0.name == member.key } })
        }
        Schema.object(fields).validate(value, at: [location], into: &errors)
        if case .object(let members) = value { self.init(members) } else { self.init([:]) }
    }
}

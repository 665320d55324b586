/// A parser for class names as YOLOv5's exporters write them: a Python dictionary or list of strings.
///
/// For example `{0: 'person', 1: "driver's cab"}` or `['person', 'bicycle']`.
package struct ClassNames {
    private var rest: Substring

    /// Returns the names by class id; nil if the text has another form or an id is missing.
    package static func parse(_ text: String) -> [String]? {
        var parser = ClassNames(rest: text[...])
        return parser.names()
    }

    private mutating func names() -> [String]? {
        guard let opening = next() else { return nil }
        switch opening {
        case "{": return dictionary()
        case "[": return list()
        default: return nil
        }
    }

    private mutating func dictionary() -> [String]? {
        var names: [Int: String] = [:]
        while let character = peek(), character != "}" {
            guard let id = number(), next() == ":", let name = string() else { return nil }
            names[id] = name
            guard separator(before: "}") else { return nil }
        }
        let ordered = (0..<names.count).compactMap { names[$0] }
        return next() == "}" && ordered.count == names.count ? ordered : nil
    }

    private mutating func list() -> [String]? {
        var names: [String] = []
        while let character = peek(), character != "]" {
            guard let name = string() else { return nil }
            names.append(name)
            guard separator(before: "]") else { return nil }
        }
        return next() == "]" ? names : nil
    }

    private mutating func separator(before closing: Character) -> Bool {
        if peek() == "," {
            _ = next()
            return true
        }
        return peek() == closing
    }

    private mutating func number() -> Int? {
        skipSpaces()
        let quote = rest.first.flatMap { $0 == "'" || $0 == "\"" ? $0 : nil }
        if quote != nil { rest.removeFirst() }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest.removeFirst(digits.count)
        if let quote {
            guard rest.first == quote else { return nil }
            rest.removeFirst()
        }
        return Int(digits)
    }

    private mutating func string() -> String? {
        guard let quote = next(), quote == "'" || quote == "\"" else { return nil }
        var text = ""
        while let character = rest.popFirst() {
            if character == quote { return text }
            if character == "\\", let escaped = rest.popFirst() {
                text.append(escaped)
            } else {
                text.append(character)
            }
        }
        return nil
    }

    private mutating func peek() -> Character? {
        skipSpaces()
        return rest.first
    }

    private mutating func next() -> Character? {
        skipSpaces()
        return rest.popFirst()
    }

    private mutating func skipSpaces() {
        rest = rest.drop(while: \.isWhitespace)
    }
}

/// A value that can be written as JSON and whose schema can be published.
package protocol JSONRepresentable: Sendable {
    static var schema: Schema { get }

    /// Writes the value.
    ///
    /// - Throws: ``JSONWriter/LimitExceeded`` if the text becomes too long.
    func write(to json: inout JSONWriter) throws
}

extension JSONRepresentable {
    /// Encodes the value.
    ///
    /// - Parameter limit: Maximum number of bytes, checked after each element of an array.
    /// - Returns: The value as JSON.
    /// - Throws: ``JSONWriter/LimitExceeded``.
    package func json(limit: Int = .max) throws -> [UInt8] {
        var writer = JSONWriter(limit: limit)
        try write(to: &writer)
        return writer.bytes
    }
}

extension String: JSONRepresentable {
    package static let schema = Schema.anyString
    package func write(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONRepresentable {
    package static let schema = Schema.anyInteger
    package func write(to json: inout JSONWriter) { json.number(self) }
}

extension Double: JSONRepresentable {
    package static let schema = Schema.anyNumber
    package func write(to json: inout JSONWriter) { json.number(self) }
}

extension Bool: JSONRepresentable {
    package static let schema = Schema.boolean
    package func write(to json: inout JSONWriter) { json.bool(self) }
}

extension JSONValue: JSONRepresentable {
    package static let schema = Schema.any
    package func write(to json: inout JSONWriter) throws { json.json(try encodeJSON(self)) }
}

extension Array: JSONRepresentable where Element: JSONRepresentable {
    package static var schema: Schema { .array(of: Element.schema) }
    package func write(to json: inout JSONWriter) throws { try json.array(of: self) }
}

/// Bytes that are written as a base64 string.
package struct Base64: JSONRepresentable {
    package static let schema = Schema(kind: .string(.base64))

    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package func write(to json: inout JSONWriter) { json.base64(bytes) }
}

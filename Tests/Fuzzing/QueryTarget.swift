import Basics
import JSONSchema

/// Fuzzes the parsing and validation of query items: lines of `name=value`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzQuery(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let items = text.split(separator: "&").map { item in
        let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (name: parts[0].percentDecoded ?? parts[0], text: parts.last?.percentDecoded ?? "")
    }
    var errors = ValidationErrors()
    let values = Values(parsing: items, fields: DetectionFields.all, location: "query", into: &errors)
    check(values, errors)
    return 0
}

import JSONSchema

/// Fuzzes the parsing and validation of JSON bodies.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let json = Array(UnsafeBufferPointer(start: start, count: count))
    let nested = Field(name: "nested", schema: .object(DetectionFields.all))
    var errors = ValidationErrors()
    guard
        let values = try? Values(
            parsingJSON: json,
            fields: DetectionFields.all + [nested],
            location: "body",
            into: &errors
        )
    else { return 0 }
    check(values, errors)
    return 0
}

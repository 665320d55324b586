package import Inference

/// Type of a tensor's elements in the Open Inference Protocol.
package enum TensorType: Hashable, Sendable {
    case element(TensorElement)
    /// Each element is a sequence of bytes; in binary form, its length in four little-endian bytes comes first.
    case bytes

    private static let elementNames: [(TensorElement, String)] = [
        (.boolean, "BOOL"), (.u8, "UINT8"), (.u16, "UINT16"), (.u32, "UINT32"), (.u64, "UINT64"), (.i8, "INT8"),
        (.i16, "INT16"), (.i32, "INT32"), (.i64, "INT64"), (.f16, "FP16"), (.bf16, "BF16"), (.f32, "FP32"),
        (.f64, "FP64"),
    ]

    /// Names of all types.
    static let names = elementNames.map(\.1) + ["BYTES"]

    /// Returns the type of a name, such as `FP32`.
    package init?(name: String) {
        if name == "BYTES" {
            self = .bytes
        } else if let element = Self.elementNames.first(where: { $0.1 == name })?.0 {
            self = .element(element)
        } else {
            return nil
        }
    }

    package var name: String {
        switch self {
        case .bytes: "BYTES"
        case .element(let element): Self.elementNames.first { $0.0 == element }?.1 ?? ""
        }
    }

    /// Name in Triton's configurations.
    var configurationName: String { self == .bytes ? "TYPE_STRING" : "TYPE_\(name)" }
}

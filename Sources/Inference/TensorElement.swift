/// Type of a tensor's elements, by OpenVINO's names.
package enum TensorElement: String, CaseIterable, Sendable {
    case boolean, u8, u16, u32, u64, i8, i16, i32, i64, f16, bf16, f32, f64

    /// Size of an element in bytes.
    package var byteCount: Int {
        switch self {
        case .boolean, .u8, .i8: 1
        case .u16, .i16, .f16, .bf16: 2
        case .u32, .i32, .f32: 4
        case .u64, .i64, .f64: 8
        }
    }
}

/// Element types of PyTorch tensors that occur in network checkpoints.
package enum ElementType: String, Hashable, Sendable {
    case float64
    case float32
    case float16
    case bfloat16
    case int64
    case int32
    case int16
    case int8
    case uint8
    case bool

    /// The element type of a storage class, or nil if the class is unknown.
    init?(storageClass: String) {
        switch storageClass {
        case "torch.DoubleStorage": self = .float64
        case "torch.FloatStorage": self = .float32
        case "torch.HalfStorage": self = .float16
        case "torch.BFloat16Storage": self = .bfloat16
        case "torch.LongStorage": self = .int64
        case "torch.IntStorage": self = .int32
        case "torch.ShortStorage": self = .int16
        case "torch.CharStorage": self = .int8
        case "torch.ByteStorage", "torch.storage.UntypedStorage": self = .uint8
        case "torch.BoolStorage": self = .bool
        default: return nil
        }
    }

    /// Size of an element in bytes.
    package var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }
}

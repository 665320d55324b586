internal import COpenVINO

extension NetworkBuilder {
    /// The size of a kernel and how it moves over a picture, in cells.
    public struct Window: Hashable, Sendable {
        /// Sizes along both sides.
        public struct Extent: Hashable, Sendable {
            /// Along the columns.
            public var height: Int
            /// Along the rows.
            public var width: Int

            /// Makes an extent.
            public init(height: Int, width: Int) {
                self.height = height
                self.width = width
            }
        }

        /// Size of the kernel.
        public var kernel: Extent
        /// Steps between its places.
        public var stride: Extent
        /// Cells added at each edge.
        public var padding: Extent
        /// Steps between the kernel's own cells.
        public var dilation: Extent

        /// Makes a window.
        public init(kernel: Extent, stride: Extent, padding: Extent, dilation: Extent = Extent(height: 1, width: 1)) {
            self.kernel = kernel
            self.stride = stride
            self.padding = padding
            self.dilation = dilation
        }

        var isValid: Bool {
            let steps = [kernel, stride, dilation].flatMap { [$0.height, $0.width] }
            return steps.allSatisfy((1...1024).contains)
                && [padding.height, padding.width].allSatisfy((0...1024).contains)
        }

        var raw: COVWindow {
            COVWindow(
                kernel: (kernel.height, kernel.width),
                stride: (stride.height, stride.width),
                padding: (padding.height, padding.width),
                dilation: (dilation.height, dilation.width)
            )
        }
    }

    /// A function of one number.
    public enum Activation: Hashable, Sendable {
        /// 1 / (1 + e^-x)
        case sigmoid
        /// x / (1 + e^-x)
        case silu
        /// max(x, 0)
        case relu
        /// x, or x times the slope where it is negative.
        case leakyReLU(slope: Float)
        /// x * min(max(x + 3, 0), 6) / 6
        case hardSwish
        /// x * tanh(ln(1 + e^x))
        case mish

        var raw: (kind: COVActivation, slope: Float) {
            switch self {
            case .sigmoid: (COV_ACTIVATION_SIGMOID, 0)
            case .silu: (COV_ACTIVATION_SILU, 0)
            case .relu: (COV_ACTIVATION_RELU, 0)
            case .leakyReLU(let slope): (COV_ACTIVATION_LEAKY_RELU, slope)
            case .hardSwish: (COV_ACTIVATION_HARD_SWISH, 0)
            case .mish: (COV_ACTIVATION_MISH, 0)
            }
        }
    }
}

extension [Int] {
    /// The product of all numbers, and whether it does not fit.
    func productReportingOverflow() -> (product: Int, overflow: Bool) {
        reduce((1, false)) { partial, factor in
            let (product, overflow) = partial.0.multipliedReportingOverflow(by: factor)
            return (product, partial.1 || overflow)
        }
    }
}

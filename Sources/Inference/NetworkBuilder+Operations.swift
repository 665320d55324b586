internal import COpenVINO

extension NetworkBuilder {
    /// Size, stride, padding and dilation of a kernel that moves over a feature map, in cells.
    package struct Window: Hashable, Sendable {
        /// A length along each axis, in cells.
        package struct Extent: Hashable, Sendable {
            /// Vertical length.
            package var height: Int
            /// Horizontal length.
            package var width: Int

            package init(height: Int, width: Int) {
                self.height = height
                self.width = width
            }
        }

        /// Size of the kernel.
        package var kernel: Extent
        /// Distance between kernel positions.
        package var stride: Extent
        /// Cells added at each edge of the input.
        package var padding: Extent
        /// Distance between the elements of the kernel.
        package var dilation: Extent

        package init(kernel: Extent, stride: Extent, padding: Extent, dilation: Extent = Extent(height: 1, width: 1)) {
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

    /// An element-wise activation function.
    package enum Activation: Hashable, Sendable {
        /// 1 / (1 + e^-x)
        case sigmoid
        /// x / (1 + e^-x)
        case silu
        /// max(x, 0)
        case relu
        /// x if x is at least 0, otherwise slope * x
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
    /// Returns the product of the elements, and whether it overflowed.
    func productReportingOverflow() -> (product: Int, overflow: Bool) {
        reduce((1, false)) { partial, factor in
            let (product, overflow) = partial.0.multipliedReportingOverflow(by: factor)
            return (product, partial.1 || overflow)
        }
    }
}

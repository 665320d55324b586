package import Inference

/// A network ready to be compiled, with what its file says about it.
package struct Network {
    /// The network: takes `[1, 3, height, width]`, RGB in `0...1`, and answers in the outputs that ``layout`` describes.
    package var model: Model
    /// How its outputs are read.
    package var layout: OutputLayout
    /// Names of the classes by class id, one for each.
    package var labels: [String]
    /// Longest side that the network is meant for, in pixels.
    package var inputSide: Int
    /// Pixels of the input by cell of the coarsest head: height and width must be multiples of it.
    package var stride: Int
    /// Whether height and width may differ from call to call.
    package var isDynamic: Bool
    /// Its size, and what a square picture of ``inputSide`` costs.
    package var cost = Graph.Cost(parameters: 0, operations: 0)
    /// Why the network runs as it was exported, with its own decoding; nil where it was cut at its heads.
    package var uncutReason: String?

    package init(
        model: Model,
        layout: OutputLayout,
        labels: [String],
        inputSide: Int,
        stride: Int,
        isDynamic: Bool,
        uncutReason: String? = nil
    ) {
        self.model = model
        self.layout = layout
        self.labels = labels
        self.inputSide = inputSide
        self.stride = stride
        self.isDynamic = isDynamic
        self.uncutReason = uncutReason
    }
}

/// A detection head of a YOLOv5 network: the convolution that detects objects of one size range.
///
/// Its output is `[1, anchors * valuesPerAnchor, rows, columns]`: for each anchor the logits of x, y, width, height,
/// objectness and the classes, then the mask coefficients if there are any.
package struct DetectionHead: Hashable, Sendable {
    /// Size of the box that the head's output is relative to, in pixels of the network's input.
    package struct Anchor: Hashable, Sendable {
        package var width: Float
        package var height: Float

        package init(width: Float, height: Float) {
            self.width = width
            self.height = height
        }
    }

    /// Input pixels per cell.
    package var stride: Int
    /// Anchors, in the order of the output's channels.
    package var anchors: [Anchor]
    /// Number of values per anchor: 4 for the box, 1 for objectness, 1 for each class and each mask coefficient.
    package var valuesPerAnchor: Int

    package init(stride: Int, anchors: [Anchor], valuesPerAnchor: Int) {
        self.stride = stride
        self.anchors = anchors
        self.valuesPerAnchor = valuesPerAnchor
    }
}

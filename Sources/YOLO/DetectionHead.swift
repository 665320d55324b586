/// One of a YOLOv5 network's detection heads: the convolution that answers for one size of objects.
///
/// Its output is `[1, anchors * valuesPerAnchor, rows, columns]`: for each anchor the logits of x, y, width, height,
/// objectness and the classes, then the mask coefficients where there are any.
package struct DetectionHead: Hashable, Sendable {
    /// A box that the head's answers are relative to, in pixels of the network's input.
    package struct Anchor: Hashable, Sendable {
        package var width: Float
        package var height: Float

        package init(width: Float, height: Float) {
            self.width = width
            self.height = height
        }
    }

    /// Pixels of the network's input by cell.
    package var stride: Int
    /// The anchors, in the order of the output's channels.
    package var anchors: [Anchor]
    /// 4 for the box, 1 for objectness, 1 for each class and for each mask coefficient.
    package var valuesPerAnchor: Int

    package init(stride: Int, anchors: [Anchor], valuesPerAnchor: Int) {
        self.stride = stride
        self.anchors = anchors
        self.valuesPerAnchor = valuesPerAnchor
    }
}

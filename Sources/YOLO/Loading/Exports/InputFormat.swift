package import Imaging

/// How a network expects its pictures: each value is (value - mean) / deviation, where values are from 0 to 255.
package struct InputFormat: Hashable, Sendable {
    /// Order of a network's colour channels.
    package enum Colors: String, CaseIterable, Sendable {
        case rgb = "RGB"
        case bgr = "BGR"
    }

    /// Where the picture is placed in the input.
    package var placement = Letterbox.Placement.centered
    /// Pixels of padding at least at each edge, if the picture is centred.
    package var margin = 0
    package var colors = Colors.rgb
    /// Means of red, green and blue, in `0...255`.
    package var mean: [Float] = [0, 0, 0]
    /// Deviations of red, green and blue, in `0...255`; greater than 0.
    package var deviation: [Float] = [255, 255, 255]

    /// RGB in `0...1`, letterboxed: YOLO's.
    package static let usual = InputFormat()
    /// BGR in `0...255`, padded at the right and bottom.
    ///
    /// - SeeAlso: YOLOX 0.3, `preproc` in `yolox/data/data_augment.py`.
    package static let yolox = InputFormat(placement: .topLeft, colors: .bgr, deviation: [1, 1, 1])
    /// RGB in `0...1`, letterboxed with some padding at each edge.
    ///
    /// - SeeAlso: super-gradients 3.7, `default_yolo_nas_coco_processing_params`.
    package static let nas = InputFormat(margin: 2)
    /// RGB in `0...1`, stretched: that of RT-DETR and D-FINE.
    package static let stretched = InputFormat(placement: .stretched)
    /// RGB with the means and deviations of ImageNet's pictures, stretched: that of networks on top of DINO.
    ///
    /// - SeeAlso: RF-DETR 1.3, `RFDETR.means` and `RFDETR.stds` in `rfdetr/detr.py`.
    package static let imageNet = InputFormat(
        placement: .stretched,
        mean: [123.675, 116.28, 103.53],
        deviation: [58.395, 57.12, 57.375]
    )

    /// Returns the format that the settings of a model state, and otherwise this one.
    func with(_ settings: ModelSettings) -> InputFormat {
        var format = self
        if let placement = settings.placement {
            format.placement = placement
            format.margin = 0
        }
        format.colors = settings.colors ?? format.colors
        format.mean = settings.mean ?? format.mean
        format.deviation = settings.deviation ?? format.deviation
        return format
    }
}

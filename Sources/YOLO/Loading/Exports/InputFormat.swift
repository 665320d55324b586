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
    /// Whether pixels of the picture lie exactly where it was drawn in the network's input, as the Ultralytics package
    /// computes them; YOLOv5 is off by rounding.
    package var isExact = false
    /// Pixels of padding at least at each edge, if the picture is centred.
    package var margin = 0
    /// Whether a pixel of a reduced picture is the mean of those that it stands for, as in Pillow.
    package var antialiases = false
    package var colors = Colors.rgb
    /// Means of red, green and blue, in `0...255`.
    package var mean: [Float] = [0, 0, 0]
    /// Deviations of red, green and blue, in `0...255`; greater than 0.
    package var deviation: [Float] = [255, 255, 255]

    /// RGB in `0...1`, letterboxed: that of YOLOv5, v6 and v7.
    package static let usual = InputFormat()
    /// As `usual`: that of the Ultralytics package.
    package static let exact = InputFormat(isExact: true)
    /// BGR in `0...255`, padded at the right and bottom.
    ///
    /// - SeeAlso: YOLOX 0.3, `preproc` in `yolox/data/data_augment.py`.
    package static let yolox = InputFormat(placement: .topLeft, colors: .bgr, deviation: [1, 1, 1])
    /// RGB in `0...1`, letterboxed with some padding at each edge.
    ///
    /// - SeeAlso: super-gradients 3.7, `default_yolo_nas_coco_processing_params`.
    package static let nas = InputFormat(isExact: true, margin: 2)
    /// RGB in `0...1`, stretched: that of RT-DETR in the Ultralytics package.
    package static let stretched = InputFormat(placement: .stretched, isExact: true)
    /// RGB in `0...1`, stretched by Pillow: that of RT-DETR, D-FINE and DEIM.
    ///
    /// - SeeAlso: transformers 4.57, `image_processing_rt_detr.py`; D-FINE, `tools/inference/onnx_inf.py`.
    package static let averaged = InputFormat(placement: .stretched, isExact: true, antialiases: true)
    /// RGB with the means and deviations of ImageNet's pictures, stretched: that of RF-DETR, on top of DINO.
    ///
    /// - SeeAlso: RF-DETR 1.11, `rfdetr/export/_runtime/preprocess.py`.
    package static let imageNet = InputFormat(
        placement: .stretched,
        isExact: true,
        mean: [123.675, 116.28, 103.53],
        deviation: [58.395, 57.12, 57.375]
    )

    /// Returns the format that the settings of a model state, and otherwise this one.
    func with(_ settings: ModelSettings) -> InputFormat {
        var format = self
        if let placement = settings.placement {
            format.placement = placement
            format.margin = 0
            // YOLOv5's rounding is that of a centred picture.
            if placement != .centered { format.isExact = true }
        }
        format.antialiases = settings.antialias ?? format.antialiases
        format.colors = settings.colors ?? format.colors
        format.mean = settings.mean ?? format.mean
        format.deviation = settings.deviation ?? format.deviation
        return format
    }
}

extension InputFormat: CustomStringConvertible {
    /// The format in the words of a model's settings.
    package var description: String {
        let scaling = placement.rawValue + (antialiases ? " with antialias" : "")
        func text(_ values: [Float]) -> String {
            Set(values).count == 1 ? "\(values[0])" : values.map { "\($0)" }.joined(separator: ", ")
        }
        return "\(scaling), \(colors.rawValue), mean \(text(mean)), deviation \(text(deviation))"
    }
}

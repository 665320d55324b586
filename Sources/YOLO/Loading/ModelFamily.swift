/// Family of a network, as far as it can be told.
package struct ModelFamily: Hashable, Sendable {
    /// Name, such as `YOLOv8`, or several, of which the file does not say which.
    package var name: String
    /// Whether it is a transformer, whose boxes are refined from layer to layer.
    package var isTransformer = false

    static let anchored = ModelFamily(name: "YOLOv5 or v7")
    static let yoloV6 = ModelFamily(name: "YOLOv6")
    static let anchorFree = ModelFamily(name: "YOLOv8 or later")
    static let endToEnd = ModelFamily(name: "YOLOv10 or later")
    static let yolox = ModelFamily(name: "YOLOX")
    static let nas = ModelFamily(name: "YOLO-NAS")
    static let rtDETR = ModelFamily(name: "RT-DETR", isTransformer: true)
    static let detr = ModelFamily(name: "RT-DETR, D-FINE or DEIM", isTransformer: true)
    static let rfDETR = ModelFamily(name: "RF-DETR", isTransformer: true)

    init(name: String, isTransformer: Bool = false) {
        self.name = name
        self.isTransformer = isTransformer
    }

    /// Returns the family that a text mentions, such as `YOLOv8` for "yolov8n-seg.yaml"; nil if it mentions none.
    init?(in text: String) {
        // The Ultralytics package adds the path of the data.
        let text = text.lowercased().split(separator: " trained on ", maxSplits: 1).first ?? ""
        guard let name = text.firstMatch(of: /yolo(v?)-?(\d{1,2})/) else { return nil }
        self.init(name: "YOLO\(name.1)\(name.2)")
    }
}

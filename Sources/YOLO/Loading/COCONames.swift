/// Names of COCO's classes, which many exports are trained on without holding them.
enum COCONames {
    /// The names by class id, from 0 to 79.
    static let all = byCategory.filter { !$0.isEmpty }

    /// Returns the names for a number of classes that stands for COCO's; nil for other numbers.
    ///
    /// Networks with 80 classes use them without gaps, and those with 91 the ids of COCO's categories, from 1 to 90.
    static func names(count: Int) -> [String]? {
        switch count {
        case 80: all
        case 91: (0..<count).map { byCategory[$0].isEmpty ? "class \($0)" : byCategory[$0] }
        default: nil
        }
    }

    /// The names by category id; ids without a category are empty.
    private static let byCategory = [
        "", "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
        "fire hydrant", "", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
        "elephant", "bear", "zebra", "giraffe", "", "backpack", "umbrella", "", "", "handbag", "tie", "suitcase",
        "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard",
        "surfboard", "tennis racket", "bottle", "", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana",
        "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
        "potted plant", "bed", "", "dining table", "", "", "toilet", "", "tv", "laptop", "mouse", "remote", "keyboard",
        "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "", "book", "clock", "vase", "scissors",
        "teddy bear", "hair drier", "toothbrush",
    ]
}

/// A file at a public address whose contents never change.
package struct RemoteFile: Sendable {
    package let url: String
    package let byteCount: Int
    /// In 64 lowercase hexadecimal digits.
    package let sha256: String

    package init(url: String, byteCount: Int, sha256: String) {
        (self.url, self.byteCount, self.sha256) = (url, byteCount, sha256)
    }

    /// The last part of the address.
    var name: String { url.split(separator: "/").last.map(String.init) ?? url }

    private static let yolov5 = "https://github.com/ultralytics/yolov5/releases/download/v7.0"

    /// The files that are fetched if they are needed.
    static let known = [
        RemoteFile(
            url: "\(yolov5)/yolov5s.pt",
            byteCount: 14_808_437,
            sha256: "8b3b748c1e592ddd8868022e8732fde20025197328490623cc16c6f24d0782ee"
        ),
        RemoteFile(
            url: "\(yolov5)/yolov5n.pt",
            byteCount: 4_062_133,
            sha256: "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3"
        ),
        RemoteFile(
            url: "\(yolov5)/yolov5n.onnx",
            byteCount: 3_981_910,
            sha256: "04f0e55c26f58d17145b36045780fe1250d5bd2187543e11568e5141d05b3262"
        ),
        RemoteFile(
            url: "https://github.com/ultralytics/assets/releases/download/v0.0.0/coco128.zip",
            byteCount: 6_983_030,
            sha256: "61e5e3028863d8ffc3b81d6a514603954889f0edd5e4b44c4ce60b2da99aeb8e"
        ),
    ]
}

/// A picture format that is read here.
public struct ImageFormat: Hashable, Sendable, CaseIterable {
    private enum Kind: String, CaseIterable {
        case jpeg, png, webp, gif, tiff, bmp, heic, avif
    }

    private let kind: Kind

    /// JPEG, baseline and progressive, 8 bit.
    public static let jpeg = ImageFormat(kind: .jpeg)
    /// PNG, 1 to 16 bit.
    public static let png = ImageFormat(kind: .png)
    /// WebP; of an animation, the first frame.
    public static let webp = ImageFormat(kind: .webp)
    /// GIF; of an animation, the first frame.
    public static let gif = ImageFormat(kind: .gif)
    /// TIFF and BigTIFF; of many pages, the first.
    public static let tiff = ImageFormat(kind: .tiff)
    /// Windows bitmap, uncompressed.
    public static let bmp = ImageFormat(kind: .bmp)
    /// HEIF with HEVC, as phones write it.
    public static let heic = ImageFormat(kind: .heic)
    /// HEIF with AV1.
    public static let avif = ImageFormat(kind: .avif)

    /// Every format that is read.
    public static let allCases = Kind.allCases.map(ImageFormat.init(kind:))

    /// The formats that are written too.
    public static let encodable: [ImageFormat] = [.jpeg, .png, .webp]

    /// The format of that name, or `nil`.
    ///
    /// - Parameter name: In lower case, like `jpeg`.
    public init?(name: String) {
        guard let kind = Kind(rawValue: name) else { return nil }
        self.init(kind: kind)
    }

    private init(kind: Kind) {
        self.kind = kind
    }

    /// The name in lower case, like `jpeg`; fit for a metric label.
    public var name: String { kind.rawValue }

    /// The media type, like `image/jpeg`.
    public var mediaType: String { "image/\(kind.rawValue)" }

    /// The usual file extension without its dot, like `jpg`.
    public var fileExtension: String {
        switch kind {
        case .jpeg: "jpg"
        case .tiff: "tif"
        default: kind.rawValue
        }
    }

    /// Whether pictures can be written in this format.
    public var isEncodable: Bool { Self.encodable.contains(self) }
}

extension ImageFormat: CustomStringConvertible {
    /// The name as people write it, like `JPEG` or `WebP`.
    public var description: String {
        kind == .webp ? "WebP" : kind.rawValue.uppercased()
    }
}

/// A picture format that can be read.
public struct ImageFormat: Hashable, Sendable, CaseIterable {
    private enum Kind: String, CaseIterable {
        case jpeg, png, webp, gif, tiff, bmp, heic, avif, jxl, ppm
    }

    private let kind: Kind

    /// JPEG, baseline and progressive, 8 bit.
    public static let jpeg = ImageFormat(kind: .jpeg)
    /// PNG, 1 to 16 bit.
    public static let png = ImageFormat(kind: .png)
    /// WebP; only the first frame of an animation.
    public static let webp = ImageFormat(kind: .webp)
    /// GIF; only the first frame of an animation.
    public static let gif = ImageFormat(kind: .gif)
    /// TIFF and BigTIFF; only the first page.
    public static let tiff = ImageFormat(kind: .tiff)
    /// Windows bitmap, uncompressed.
    public static let bmp = ImageFormat(kind: .bmp)
    /// HEIF with HEVC, as phones write it.
    public static let heic = ImageFormat(kind: .heic)
    /// HEIF with AV1.
    public static let avif = ImageFormat(kind: .avif)
    /// JPEG XL; only the first frame of an animation.
    public static let jxl = ImageFormat(kind: .jxl)
    /// Portable pixmap and graymap, PPM and PGM.
    public static let ppm = ImageFormat(kind: .ppm)

    /// All formats that can be read.
    public static let allCases = Kind.allCases.map(ImageFormat.init(kind:))

    /// The formats that can also be written.
    public static let encodable: [ImageFormat] = [.jpeg, .png, .webp]

    /// Makes the format with the given name; `nil` if there is none.
    ///
    /// - Parameter name: Name in lower case, such as `jpeg`.
    public init?(name: String) {
        guard let kind = Kind(rawValue: name) else { return nil }
        self.init(kind: kind)
    }

    private init(kind: Kind) {
        self.kind = kind
    }

    /// The name in lower case, such as `jpeg`; one of a fixed set, so it can be a metric label.
    public var name: String { kind.rawValue }

    /// The media type, such as `image/jpeg`.
    public var mediaType: String { kind == .ppm ? "image/x-portable-anymap" : "image/\(kind.rawValue)" }

    /// The usual file extension without the dot, such as `jpg`.
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
    /// The name in its usual spelling, such as `JPEG` or `WebP`.
    public var description: String {
        switch kind {
        case .webp: "WebP"
        case .jxl: "JPEG XL"
        case .ppm: "PPM"
        default: kind.rawValue.uppercased()
        }
    }
}

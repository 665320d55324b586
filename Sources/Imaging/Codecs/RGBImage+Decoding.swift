import CVips

extension ImageInfo {
    /// Reads what a picture's header says, without decoding its pixels.
    ///
    /// - Parameters:
    ///   - bytes: A whole picture.
    ///   - limits: Most bytes and pixels.
    /// - Throws: ``ImageError`` as ``RGBImage/decode(_:limits:)`` does, except for damage behind the header.
    public init(reading bytes: RawSpan, limits: ImageLimits = ImageLimits()) throws(ImageError) {
        let format = try ImageFormat.sniff(bytes, limits: limits)
        switch format {
        case .bmp:
            let bitmap = try Bitmap(header: bytes, limits: limits)
            self.init(format: format, width: bitmap.width, height: bitmap.height)
        case .jpeg:
            self = try bytes.withUnsafeBytes { buffer throws(ImageError) in
                let picture = try JPEGPicture(opening: buffer, limits: limits)
                return Self(format, picture.width, picture.height, orientation: picture.orientation)
            }
        default:
            self = try format.withPicture(in: bytes, limits: limits) { picture in
                Self(format, picture.width, picture.height, orientation: picture.orientation)
            }
        }
    }

    private init(_ format: ImageFormat, _ width: Int, _ height: Int, orientation: Int) {
        let isTurned = orientation >= 5
        self.init(format: format, width: isTurned ? height : width, height: isTurned ? width : height)
    }
}

/// What is done with an ICC profile in a picture.
public enum EmbeddedProfile: Hashable, Sendable {
    /// The colours are converted to sRGB, as every viewer shows them.
    case apply
    /// The values are taken as they are stored, as OpenCV does: for results to compare with a reference that used it.
    case ignore
}

extension RGBImage {
    /// Decodes a picture: upright, in sRGB, with transparent parts on white.
    ///
    /// The bytes themselves say which ``ImageFormat`` it is. An embedded colour profile is applied, CMYK and 16 bit
    /// are converted, EXIF's orientation is applied; of an animation, or of many pages, the first picture is taken.
    /// A JPEG in RGB or grey that has no profile, or an sRGB one, gives the very values of libjpeg-turbo's accurate
    /// decoder, which are OpenCV's as well.
    ///
    /// Keeps the thread busy for some 3 to 6 ms a megapixel of a JPEG, longer for others. May be called from any number
    /// of threads at once.
    /// - Parameters:
    ///   - bytes: A whole picture.
    ///   - limits: Most bytes and pixels; a larger picture is refused before its pixels are decoded.
    ///   - embeddedProfile: What is done with an ICC profile.
    /// - Returns: The picture.
    /// - Throws: ``ImageError`` with ``ImageError/Code/notAnImage``, ``ImageError/Code/unsupportedFormat``,
    ///   ``ImageError/Code/tooLarge``, or ``ImageError/Code/corrupt`` when the picture is damaged or cut off.
    public static func decode(
        _ bytes: RawSpan,
        limits: ImageLimits = ImageLimits(),
        embeddedProfile: EmbeddedProfile = .apply
    ) throws(ImageError) -> RGBImage {
        try ReducedImage.decode(bytes, limits: limits, embeddedProfile: embeddedProfile, forSide: .max).pixels
    }
}

extension ReducedImage {
    /// Decodes a picture as ``RGBImage/decode(_:limits:embeddedProfile:)`` does, but no larger than it is needed.
    ///
    /// A JPEG is decoded at a half, a quarter or an eighth of its size, if its longer side then still is a quarter
    /// longer than `side`; that takes about half of the time. All else is decoded in full.
    /// - Parameters:
    ///   - bytes: A whole picture.
    ///   - limits: Most bytes and pixels, of the picture in full.
    ///   - embeddedProfile: What is done with an ICC profile.
    ///   - side: Pixels that the longer side will be scaled to, at least 1.
    /// - Returns: The picture, and how large it is in full.
    /// - Throws: ``ImageError``, the same as for the picture in full.
    public static func decode(
        _ bytes: RawSpan,
        limits: ImageLimits = ImageLimits(),
        embeddedProfile: EmbeddedProfile = .apply,
        forSide side: Int
    ) throws(ImageError) -> ReducedImage {
        let format = try ImageFormat.sniff(bytes, limits: limits)
        switch format {
        case .bmp:
            return try ReducedImage(Bitmap(header: bytes, limits: limits).decode(bytes))
        case .jpeg:
            return try bytes.withUnsafeBytes { buffer throws(ImageError) in
                try JPEGPicture(opening: buffer, limits: limits).decode(embeddedProfile, forSide: side)
            }
        default:
            let image = try format.withPicture(in: bytes, limits: limits) { picture throws(VipsError) in
                try picture.uprightSRGB(embeddedProfile).rgbImage()
            }
            return ReducedImage(image)
        }
    }
}

extension ImageFormat {
    fileprivate static func sniff(_ bytes: RawSpan, limits: ImageLimits) throws(ImageError) -> ImageFormat {
        try limits.check(byteCount: bytes.byteCount)
        guard let format = sniff(bytes) else {
            let known = allCases.map(\.description).joined(separator: ", ")
            throw ImageError(
                .notAnImage,
                bytes.isEmpty ? "there are no bytes: send a picture" : "no picture of a known format: send \(known)"
            )
        }
        return format
    }

    /// Opens the picture with the loader of this format alone, and checks by its header that it can be taken.
    fileprivate func withPicture<Result>(
        in bytes: RawSpan,
        limits: ImageLimits,
        _ body: (consuming VipsPicture) throws(VipsError) -> Result
    ) throws(ImageError) -> Result {
        guard let loader = Vips.loader(for: self) else {
            throw ImageError(.unsupportedFormat, "this server reads no \(self): convert the picture to JPEG or PNG")
        }
        try CostlyStructure.check(bytes, as: self, limits: limits)
        if self == .png, let plain = CostlyStructure.withoutTexts(inPNG: bytes) {
            return try withPicture(in: plain.span.bytes, loader: loader, limits: limits, body)
        }
        return try withPicture(in: bytes, loader: loader, limits: limits, body)
    }

    private func withPicture<Result>(
        in bytes: RawSpan,
        loader: String,
        limits: ImageLimits,
        _ body: (consuming VipsPicture) throws(VipsError) -> Result
    ) throws(ImageError) -> Result {
        try bytes.withUnsafeBytes { buffer throws(ImageError) in
            do {
                let picture = try VipsPicture(opening: buffer, loader: loader)
                try limits.check(width: picture.width, height: picture.height)
                try checkChannels(of: picture)
                return try body(picture)
            } catch let error as ImageError {
                throw error
            } catch {
                throw .damaged(self, cause: error)
            }
        }
    }

    private func checkChannels(of picture: borrowing VipsPicture) throws(ImageError) {
        guard picture.isConvertible else {
            throw ImageError(
                .unsupportedFormat,
                "the \(self) has \(picture.bands) channels of a kind not taken: convert it to 8 bit RGB"
            )
        }
    }
}

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
        if format == .bmp {
            let bitmap = try Bitmap(header: bytes, limits: limits)
            self.init(format: format, width: bitmap.width, height: bitmap.height)
            return
        }
        self = try format.withPicture(in: bytes, limits: limits) { picture in
            let isTurned = picture.orientation >= 5
            return ImageInfo(
                format: format,
                width: isTurned ? picture.height : picture.width,
                height: isTurned ? picture.width : picture.height
            )
        }
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
    /// Keeps the thread busy for some 8 ms a megapixel. May be called from any number of threads at once.
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
        let format = try ImageFormat.sniff(bytes, limits: limits)
        if format == .bmp {
            return try Bitmap(header: bytes, limits: limits).decode(bytes)
        }
        return try format.withPicture(in: bytes, limits: limits) { picture throws(VipsError) in
            try picture.uprightSRGB(embeddedProfile).rgbImage()
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
        try CostlyStructure.check(bytes, as: self)
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
                throw ImageError(
                    .corrupt,
                    "the \(self) is damaged or cut off: send the whole file, or save it again with another program",
                    cause: error
                )
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

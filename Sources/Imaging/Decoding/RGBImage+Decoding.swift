import CVips

extension ImageInfo {
    /// Reads a picture's format and size from its header, without decoding its pixels.
    ///
    /// - Parameters:
    ///   - bytes: A complete picture.
    ///   - limits: Maximum number of bytes and pixels.
    /// - Throws: ``ImageError`` as ``RGBImage/decode(_:_:)`` does, except for damage after the
    ///   header.
    public init(reading bytes: RawSpan, limits: ImageLimits = ImageLimits()) throws(ImageError) {
        let format = try ImageFormat.sniff(bytes, limits: limits)
        switch format {
        case .bmp:
            let bitmap = try Bitmap(header: bytes, limits: limits)
            self.init(format: format, width: bitmap.width, height: bitmap.height)
        case .ppm:
            let pixmap = try PortablePixmap(header: bytes, limits: limits)
            self.init(format: format, width: pixmap.width, height: pixmap.height)
        case .jpeg:
            self = try bytes.withUnsafeBytes { buffer throws(ImageError) in
                let picture = try JPEGPicture(opening: buffer, options: DecodingOptions(limits: limits))
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

extension RGBImage {
    /// Decodes a picture upright and in sRGB, with transparent parts on white.
    ///
    /// The ``ImageFormat`` is detected from the bytes. An embedded colour profile and the EXIF orientation are applied,
    /// and CMYK and 16 bit are converted; only the first frame or page is decoded. A JPEG in RGB or grey without a
    /// profile, or with an sRGB one, decodes to exactly the values of libjpeg-turbo's accurate decoder, which are those
    /// of OpenCV as well.
    ///
    /// Blocks the thread for about 3 to 6 ms per megapixel of a JPEG, longer for other formats. May be called from any
    /// number of threads at once.
    /// - Parameters:
    ///   - bytes: A complete picture.
    ///   - options: Limits, and what to do about colour profiles and files that are cut off.
    /// - Returns: The decoded picture.
    /// - Throws: ``ImageError`` with ``ImageError/Code/notAnImage``, ``ImageError/Code/unsupportedFormat``,
    ///   ``ImageError/Code/tooLarge``, or ``ImageError/Code/corrupt`` if the picture is damaged or truncated.
    package static func decode(
        _ bytes: RawSpan,
        _ options: DecodingOptions = DecodingOptions()
    ) throws(ImageError) -> RGBImage {
        try ReducedImage.decode(bytes, options, forSide: .max).pixels
    }
}

extension ReducedImage {
    /// Decodes a picture as ``RGBImage/decode(_:_:)`` does, but no larger than needed.
    ///
    /// A JPEG is decoded at a half, a quarter or an eighth of its size if its longer side is then still a quarter
    /// longer than `side`; that takes about half the time. Other formats are decoded at full size.
    /// - Parameters:
    ///   - bytes: A complete picture.
    ///   - options: Limits, which count at full size, and what to do about colour profiles and files that are cut off.
    ///   - side: Length in pixels to which the longer side will be scaled, at least 1.
    ///   - memory: Receives the pixels; nil allocates memory for them.
    /// - Returns: The picture, with its full size.
    /// - Throws: ``ImageError``, the same as when decoding at full size.
    package static func decode(
        _ bytes: RawSpan,
        _ options: DecodingOptions = DecodingOptions(),
        forSide side: Int,
        into memory: PixelMemory? = nil
    ) throws(ImageError) -> ReducedImage {
        let limits = options.limits
        let format = try ImageFormat.sniff(bytes, limits: limits)
        switch format {
        case .bmp:
            return try ReducedImage(Bitmap(header: bytes, limits: limits).decode(bytes, into: memory))
        case .ppm:
            return try ReducedImage(PortablePixmap(header: bytes, limits: limits).decode(bytes, into: memory))
        case .jpeg:
            return try bytes.withUnsafeBytes { buffer throws(ImageError) in
                try JPEGPicture(opening: buffer, options: options).decode(forSide: side, into: memory)
            }
        default:
            let image = try format.withPicture(in: bytes, limits: limits) { picture throws(VipsError) in
                try picture.uprightSRGB(options.embeddedProfile).rgbImage(into: memory)
            }
            return ReducedImage(image)
        }
    }
}

extension ReducedImage {
    /// Decodes a JPEG as nearly all cameras and programs write it, whose decoding is quick and safe in this process.
    ///
    /// - Returns: The picture; nil for other formats and unusual kinds of JPEG.
    /// - Throws: ``ImageError``, as ``decode(_:_:forSide:into:)``.
    package static func decodeOrdinary(
        _ bytes: RawSpan,
        _ options: DecodingOptions,
        forSide side: Int
    ) throws(ImageError) -> ReducedImage? {
        guard try ImageFormat.sniff(bytes, limits: options.limits) == .jpeg else { return nil }
        return try bytes.withUnsafeBytes { buffer throws(ImageError) -> ReducedImage? in
            let picture = try JPEGPicture(opening: buffer, options: options)
            return picture.isOrdinary ? try picture.decode(forSide: side) : nil
        }
    }
}

extension ImageFormat {
    fileprivate static func sniff(_ bytes: RawSpan, limits: ImageLimits) throws(ImageError) -> ImageFormat {
        try limits.check(byteCount: bytes.byteCount)
        guard let format = sniff(bytes) else {
            let known = allCases.map(\.description).joined(separator: ", ")
            if let name = UnsupportedFormat.name(of: bytes) {
                throw ImageError(.unsupportedFormat, "\(name) is not supported: send one of \(known)")
            }
            throw ImageError(
                .notAnImage,
                bytes.isEmpty ? "there are no bytes: send a picture" : "unknown picture format: send one of \(known)"
            )
        }
        return format
    }

    /// Opens the picture with this format's loader only, and checks its header against the limits.
    fileprivate func withPicture<Result>(
        in bytes: RawSpan,
        limits: ImageLimits,
        _ body: (consuming VipsPicture) throws(VipsError) -> Result
    ) throws(ImageError) -> Result {
        guard let loader = Vips.loader(for: self) else {
            throw ImageError(.unsupportedFormat, "this server cannot read \(self): convert the picture to JPEG or PNG")
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
                "the \(self) has \(picture.bands) channels of an unsupported kind: convert it to 8 bit RGB"
            )
        }
    }
}

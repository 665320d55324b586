import CJPEG
import CVips

/// A JPEG that libjpeg-turbo decodes directly into the picture's memory; through libvips it takes 1.5 times as long.
struct JPEGPicture: ~Copyable {
    /// Maximum number of scans: a progressive JPEG has about ten, and each takes time for the complete picture.
    private static let maximumScans = 100

    private let reader: OpaquePointer
    private let header: cjpeg_header
    /// EXIF orientation, `1...8`; 1 is upright.
    let orientation: Int

    /// Width in pixels as stored, at least 1.
    var width: Int { Int(header.width) }
    /// Height in pixels as stored, at least 1.
    var height: Int { Int(header.height) }
    /// 1 for grey, 3 for RGB, 4 for CMYK; 0 if their meaning is unknown.
    private var channels: Int { Int(header.channels) }

    /// Reads the header and checks that the picture is supported and within the limits.
    ///
    /// `bytes` must outlive the picture.
    init(opening bytes: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageError) {
        var header = cjpeg_header()
        var result = CJPEG_DAMAGED
        guard let reader = cjpeg_open(bytes.baseAddress, bytes.count, &header, &result) else {
            fatalError("cannot allocate memory for the header of a JPEG")
        }
        self.reader = reader
        self.header = header
        orientation = Self.read(header.exif, header.exif_count) { EXIF.orientation(in: $0) } ?? 1
        try check(result)
        try limits.check(width: width, height: height)
        guard channels > 0 else {
            throw ImageError(.unsupportedFormat, "the JPEG has an unsupported colour space: convert it to 8 bit RGB")
        }
    }

    deinit { cjpeg_close(reader) }

    /// Decodes the pixels, upright and in sRGB; may be called only once.
    ///
    /// - Parameters:
    ///   - profile: How an embedded ICC profile is handled.
    ///   - side: Length in pixels to which the longer side will be scaled.
    /// - Returns: The picture at full size, or at a half, a quarter or an eighth of it if that is enough for `side`.
    /// - Throws: ``ImageError`` if the picture is damaged or has too many scans.
    func decode(_ profile: EmbeddedProfile, forSide side: Int) throws(ImageError) -> ReducedImage {
        let reduction = reduction(forSide: side)
        let pixels: RGBImage
        switch conversion(by: profile) {
        case .none where channels != 4 && orientation == 1: pixels = try decodePlain(reduction, nil)
        case .matrix(let matrix) where orientation == 1: pixels = try decodePlain(reduction, matrix)
        default: pixels = try decodeConverted(reduction, profile)
        }
        let isTurned = orientation >= 5
        return ReducedImage(
            pixels: pixels,
            reduction: reduction,
            width: isTurned ? height : width,
            height: isTurned ? width : height
        )
    }

    private func reduction(forSide side: Int) -> Int {
        // Scaling from a barely larger picture blurs it: the reduced side must be a quarter longer than `side`.
        let reductions = [8, 4, 2].filter { max(width, height) * 4 / (5 * $0) >= side }
        // The last column and row may cover fewer pixels than the others. If they come first after turning, they shift
        // all others.
        return reductions.first { orientation == 1 || width.isMultiple(of: $0) && height.isMultiple(of: $0) } ?? 1
    }

    private func conversion(by profile: EmbeddedProfile) -> ColorProfile.Conversion {
        guard profile == .apply else { return .none }
        return withProfile { ColorProfile.conversion(by: $0, channels: channels) } ?? .none
    }

    private func decodePlain(_ reduction: Int, _ profile: MatrixProfile?) throws(ImageError) -> RGBImage {
        var result = CJPEG_DAMAGED
        let (width, height) = size(reduction)
        let image = RGBImage(width: width, height: height) { pixels in
            result = read(reduction, channels: 3, into: pixels)
            if result == CJPEG_DONE { profile?.convert(pixels) }
        }
        try check(result)
        return image
    }

    /// Decodes a picture whose colours libvips has to convert, or which it has to turn.
    private func decodeConverted(_ reduction: Int, _ profile: EmbeddedProfile) throws(ImageError) -> RGBImage {
        var result = CJPEG_DAMAGED
        let (width, height) = size(reduction)
        let samples = [UInt8](unsafeUninitializedCapacity: width * height * channels) { buffer, count in
            result = read(reduction, channels: channels, into: buffer)
            count = result == CJPEG_DONE ? buffer.count : 0
        }
        try check(result)
        do {
            return try samples.withUnsafeBufferPointer { samples throws(VipsError) in
                let picture = try VipsPicture(wrapping: samples, width: width, height: height, channels: channels)
                picture.set(orientation: orientation)
                withProfile { picture.set(profile: $0) }
                return try picture.uprightSRGB(profile).rgbImage()
            }
        } catch {
            throw .damaged(.jpeg, cause: error)
        }
    }

    private func size(_ reduction: Int) -> (width: Int, height: Int) {
        ((width + reduction - 1) / reduction, (height + reduction - 1) / reduction)
    }

    private func read(_ reduction: Int, channels: Int, into buffer: UnsafeMutableBufferPointer<UInt8>) -> cjpeg_result {
        cjpeg_read(reader, UInt32(reduction), UInt32(channels), CInt(Self.maximumScans), buffer.baseAddress)
    }

    private func check(_ result: cjpeg_result) throws(ImageError) {
        switch result {
        case CJPEG_DONE: return
        case CJPEG_TOO_MANY_SCANS:
            throw ImageError(
                .tooLarge,
                "the JPEG has more than \(Self.maximumScans) scans: save it again with another program"
            )
        default: throw .damaged(.jpeg, cause: JPEGError(reader))
        }
    }

    /// Calls `body` with the embedded ICC profile, if there is one.
    @discardableResult
    private func withProfile<Result>(_ body: (RawSpan) -> Result) -> Result? {
        Self.read(header.profile, header.profile_count, body)
    }

    private static func read<Result>(
        _ start: UnsafePointer<UInt8>?,
        _ count: Int,
        _ body: (RawSpan) -> Result
    ) -> Result? {
        start.map { body(RawSpan(_unsafeStart: $0, byteCount: count)) }
    }
}

/// An error message of libjpeg-turbo; meant for logs, not for clients.
struct JPEGError: Error, CustomStringConvertible {
    let description: String

    fileprivate init(_ reader: OpaquePointer) {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { text in
            cjpeg_describe(reader, text.baseAddress)
            return text.baseAddress.map { String(cString: $0) }
        }
        description = "libjpeg: \(text ?? "")"
    }
}

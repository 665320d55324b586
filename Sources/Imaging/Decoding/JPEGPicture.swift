import CJPEG
import CVips

/// A JPEG that libjpeg-turbo decodes directly into the picture's memory; through libvips it takes 1.5 times as long.
struct JPEGPicture: ~Copyable {
    /// Maximum number of scans: a progressive JPEG has about ten, and each takes time for the complete picture.
    private static let maximumScans = 100

    private let reader: OpaquePointer
    private let header: cjpeg_header
    private let options: DecodingOptions
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
    init(opening bytes: UnsafeRawBufferPointer, options: DecodingOptions) throws(ImageError) {
        var header = cjpeg_header()
        var result = CJPEG_DAMAGED
        guard let reader = cjpeg_open(bytes.baseAddress, bytes.count, &header, &result) else {
            fatalError("cannot allocate memory for the header of a JPEG")
        }
        self.reader = reader
        self.header = header
        self.options = options
        orientation = Self.read(header.exif, header.exif_count) { EXIF.orientation(in: $0) } ?? 1
        try check(result)
        try options.limits.check(width: width, height: height)
        guard channels > 0 else {
            throw ImageError(.unsupportedFormat, "the JPEG has an unsupported colour space: convert it to 8 bit RGB")
        }
    }

    deinit { cjpeg_close(reader) }

    /// Whether decoding takes time only in proportion to the bytes and pixels, and only code that is safe to run on
    /// untrusted bytes: baseline or progressive with Huffman codes, and at most a matrix profile.
    var isOrdinary: Bool {
        guard !header.is_arithmetic, channels != 4 else { return false }
        switch conversion {
        case .none, .matrix: return true
        default: return false
        }
    }

    /// Decodes the pixels, upright and in sRGB; may be called only once.
    ///
    /// - Parameters:
    ///   - side: Length in pixels to which the longer side will be scaled.
    ///   - memory: Receives the pixels; nil allocates memory for them.
    /// - Returns: The picture at full size, or at a half, a quarter or an eighth of it if that is enough for `side`.
    /// - Throws: ``ImageError`` if the picture is damaged, is cut off and that is not accepted, or has too many scans.
    func decode(forSide side: Int, into memory: PixelMemory? = nil) throws(ImageError) -> ReducedImage {
        let reduction = reduction(forSide: side)
        let decoded: (pixels: RGBImage, isTruncated: Bool)
        switch conversion {
        case .none where channels != 4 && orientation == 1: decoded = try decodePlain(reduction, nil, memory)
        case .matrix(let matrix) where orientation == 1: decoded = try decodePlain(reduction, matrix, memory)
        default: decoded = try decodeConverted(reduction, memory)
        }
        let isTurned = orientation >= 5
        return ReducedImage(
            pixels: decoded.pixels,
            reduction: reduction,
            width: isTurned ? height : width,
            height: isTurned ? width : height,
            isTruncated: decoded.isTruncated
        )
    }

    private func reduction(forSide side: Int) -> Int {
        // Scaling from a barely larger picture blurs it: the reduced side must be a quarter longer than `side`.
        let reductions = [8, 4, 2].filter { max(width, height) * 4 / (5 * $0) >= side }
        // The last column and row may cover fewer pixels than the others. If they come first after turning, they shift
        // all others.
        return reductions.first { orientation == 1 || width.isMultiple(of: $0) && height.isMultiple(of: $0) } ?? 1
    }

    private var conversion: ColorProfile.Conversion {
        guard options.embeddedProfile == .apply else { return .none }
        return withProfile { ColorProfile.conversion(by: $0, channels: channels) } ?? .none
    }

    private func decodePlain(
        _ reduction: Int,
        _ profile: MatrixProfile?,
        _ memory: PixelMemory?
    ) throws(ImageError) -> (RGBImage, Bool) {
        var result = CJPEG_DAMAGED
        let (width, height) = size(reduction)
        let image = try RGBImage(width: width, height: height, memory: memory) { pixels throws(ImageError) in
            result = read(reduction, channels: 3, into: pixels)
            try check(result)
            profile?.convert(pixels)
        }
        return (image, result == CJPEG_TRUNCATED)
    }

    /// Decodes a picture whose colours libvips has to convert, or which it has to turn.
    private func decodeConverted(
        _ reduction: Int,
        _ memory: PixelMemory?
    ) throws(ImageError) -> (RGBImage, Bool) {
        var result = CJPEG_DAMAGED
        let (width, height) = size(reduction)
        let samples = [UInt8](unsafeUninitializedCapacity: width * height * channels) { buffer, count in
            result = read(reduction, channels: channels, into: buffer)
            count = hasPixels(result) ? buffer.count : 0
        }
        try check(result)
        do {
            let image = try samples.withUnsafeBufferPointer { samples throws(VipsError) in
                let picture = try VipsPicture(wrapping: samples, width: width, height: height, channels: channels)
                picture.set(orientation: orientation)
                withProfile { picture.set(profile: $0) }
                return try picture.uprightSRGB(options.embeddedProfile).rgbImage(into: memory)
            }
            return (image, result == CJPEG_TRUNCATED)
        } catch {
            throw .damaged(.jpeg, cause: error)
        }
    }

    private func hasPixels(_ result: cjpeg_result) -> Bool { result == CJPEG_DONE || result == CJPEG_TRUNCATED }

    private func size(_ reduction: Int) -> (width: Int, height: Int) {
        ((width + reduction - 1) / reduction, (height + reduction - 1) / reduction)
    }

    private func read(_ reduction: Int, channels: Int, into buffer: UnsafeMutableBufferPointer<UInt8>) -> cjpeg_result {
        let scans = CInt(Self.maximumScans)
        return cjpeg_read(
            reader,
            UInt32(reduction),
            UInt32(channels),
            scans,
            { Task.isCancelled },
            buffer.baseAddress
        )
    }

    private func check(_ result: cjpeg_result) throws(ImageError) {
        switch result {
        case CJPEG_DONE: return
        case CJPEG_TRUNCATED where options.acceptsTruncated: return
        case CJPEG_TRUNCATED:
            throw ImageError(
                .corrupt,
                "the JPEG is cut off: send the complete file, or let the server accept such files with --truncated accept"
            )
        case CJPEG_TOO_MANY_SCANS:
            throw ImageError(
                .tooLarge,
                "the JPEG has more than \(Self.maximumScans) scans: save it again with another program"
            )
        case CJPEG_STOPPED: throw .stopped
        case CJPEG_HIGH_PRECISION: throw Self.unsupported("the JPEG has more than 8 bits per sample")
        case CJPEG_LOSSLESS: throw Self.unsupported("the JPEG is a lossless one")
        case CJPEG_RARE_PROCESS: throw Self.unsupported("the JPEG uses a hierarchical or differential process")
        case CJPEG_NO_HEIGHT: throw Self.unsupported("the JPEG does not state its height in its header")
        default: throw .damaged(.jpeg, cause: JPEGError(reader))
        }
    }

    private static func unsupported(_ finding: String) -> ImageError {
        ImageError(.unsupportedFormat, "\(finding), which is not supported: convert it to a baseline JPEG or a PNG")
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

import CVips

/// A picture in libvips: a pipeline that computes its pixels on demand.
///
/// Owns one reference. Functions of libvips may be called from any thread, but each picture stays on the thread that
/// made it.
struct VipsPicture: ~Copyable {
    private let image: UnsafeMutablePointer<VipsImage>

    var width: Int { Int(image.pointee.Xsize) }
    var height: Int { Int(image.pointee.Ysize) }
    var bands: Int { Int(image.pointee.Bands) }
    var sampleFormat: VipsBandFormat { image.pointee.BandFmt }
    var interpretation: VipsInterpretation { image.pointee.Type }
    var isCoded: Bool { image.pointee.Coding != VIPS_CODING_NONE }
    var hasAlpha: Bool { vips_image_hasalpha(image) != 0 }

    var hasKnownColorspace: Bool { vips_colourspace_issupported(image) != 0 }

    /// EXIF orientation, `1...8`; 1 is upright.
    var orientation: Int { Int(vips_image_get_orientation(image)) }

    /// Makes a picture with a libvips call that returns 0 on success.
    private init(_ make: (inout UnsafeMutablePointer<VipsImage>?) -> CInt) throws(VipsError) {
        Vips.start()
        var image: UnsafeMutablePointer<VipsImage>?
        guard make(&image) == 0, let image else { throw VipsError() }
        self.image = image
    }

    deinit { cvips_unref(image) }

    /// Opens an encoded picture with the named libvips loader, and reads its header.
    ///
    /// `bytes` must outlive the picture and everything made from it.
    init(opening bytes: UnsafeRawBufferPointer, loader: String) throws(VipsError) {
        try self.init { cvips_open(loader, bytes.baseAddress, bytes.count, &$0) }
    }

    /// Wraps `height * width * channels` bytes of grey, sRGB or CMYK, without copying them.
    ///
    /// `samples` must outlive the picture and everything made from it.
    init(wrapping samples: UnsafeBufferPointer<UInt8>, width: Int, height: Int, channels: Int = 3) throws(VipsError) {
        let space =
            switch channels {
            case 1: VIPS_INTERPRETATION_B_W
            case 3: VIPS_INTERPRETATION_sRGB
            default: VIPS_INTERPRETATION_CMYK
            }
        let (columns, rows) = (CInt(width), CInt(height))
        try self.init { cvips_wrap(samples.baseAddress, samples.count, columns, rows, CInt(channels), space, &$0) }
    }

    /// Sets the EXIF orientation, `1...8`.
    borrowing func set(orientation: Int) {
        vips_image_set_int(image, "orientation", CInt(orientation))
    }

    /// Embeds a copy of an ICC profile.
    borrowing func set(profile: RawSpan) {
        profile.withUnsafeBytes { vips_image_set_blob_copy(image, "icc-profile-data", $0.baseAddress, $0.count) }
    }

    /// Makes a new picture with one of the functions in `shim.h`.
    borrowing func applying(
        _ operation: (UnsafeMutablePointer<VipsImage>, inout UnsafeMutablePointer<VipsImage>?) -> CInt
    ) throws(VipsError) -> VipsPicture {
        try VipsPicture { operation(image, &$0) }
    }

    /// Computes every pixel into memory that the result owns, so that they can be read in any order.
    borrowing func rendered() throws(VipsError) -> VipsPicture {
        try VipsPicture {
            $0 = vips_image_copy_memory(image)
            return $0 == nil ? -1 : 0
        }
    }

    /// Calls `body` with the embedded ICC profile, if there is one.
    borrowing func withProfile<Result>(_ body: (RawSpan) -> Result) -> Result? {
        var start: UnsafeRawPointer?
        var count = 0
        guard vips_image_get_typeof(image, "icc-profile-data") != 0,
            vips_image_get_blob(image, "icc-profile-data", &start, &count) == 0, let start
        else { return nil }
        return body(RawSpan(_unsafeStart: start, byteCount: count))
    }

    /// Computes every pixel of an 8 bit sRGB picture.
    borrowing func rgbImage(into memory: PixelMemory? = nil) throws(VipsError) -> RGBImage {
        guard bands == 3, sampleFormat == VIPS_FORMAT_UCHAR else {
            throw VipsError(detail: "the picture has \(bands) bands after conversion instead of 3 of 8 bit")
        }
        var status: CInt = 0
        do throws(ImageError) {
            let result = try RGBImage(width: width, height: height, memory: memory) { pixels in
                status = cvips_write(image, pixels.baseAddress, pixels.count) { Task.isCancelled }
            }
            if status == 0 { return result }
        } catch {
            throw VipsError(detail: error.message)
        }
        throw VipsError()
    }
}

import CVips

/// libvips, started once for the whole process.
enum Vips {
    /// The only loaders of libvips that may run.
    ///
    /// It would otherwise pick one of some thirty by looking at the bytes, ImageMagick's, PDF's and SVG's among them.
    private static let loaders: [ImageFormat: (name: String, type: String)] = [
        .png: ("pngload_buffer", "VipsForeignLoadPngBuffer"),
        .webp: ("webpload_buffer", "VipsForeignLoadWebpBuffer"),
        .gif: ("gifload_buffer", "VipsForeignLoadNsgifBuffer"),
        .tiff: ("tiffload_buffer", "VipsForeignLoadTiffBuffer"),
        .heic: ("heifload_buffer", "VipsForeignLoadHeifBuffer"),
        .avif: ("heifload_buffer", "VipsForeignLoadHeifBuffer"),
    ]

    private static let started: Void = {
        guard cvips_start() == 0 else {
            fatalError("libvips does not start (\(VipsError().detail)): install the version this was built with")
        }
        for loader in loaders.values { vips_operation_block_set(loader.type, 0) }
    }()

    /// Starts libvips; costs nothing from the second call on.
    static func start() { started }

    /// libvips' name of the loader for a format, or `nil` when the installed libvips was built without it.
    static func loader(for format: ImageFormat) -> String? {
        start()
        guard let loader = loaders[format], vips_type_find("VipsOperation", loader.name) != 0 else { return nil }
        return loader.name
    }
}

/// What libvips said about a call that failed; for a log, not for the caller of the service.
///
/// libvips has one error buffer for all threads, so the text may speak of a picture on another thread as well.
struct VipsError: Error, CustomStringConvertible {
    /// At most 300 bytes on one line.
    let detail: String

    init(detail: String) {
        self.detail = detail
    }

    /// Takes what is in libvips' error buffer, and empties it.
    init() {
        guard let text = vips_error_buffer_copy() else {
            detail = ""
            return
        }
        defer { g_free(text) }
        let line = String(cString: text).split(whereSeparator: \.isNewline).joined(separator: "; ")
        detail = String(line.prefix(300))
    }

    var description: String { "libvips: \(detail)" }
}

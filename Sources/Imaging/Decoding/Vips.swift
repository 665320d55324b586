import CVips

/// libvips, started once per process.
enum Vips {
    /// The only loaders of libvips that may run.
    ///
    /// Otherwise libvips would choose one of about thirty by the bytes, including those for ImageMagick, PDF and SVG.
    private static let loaders: [ImageFormat: (name: String, type: String)] = [
        .png: ("pngload_buffer", "VipsForeignLoadPngBuffer"),
        .webp: ("webpload_buffer", "VipsForeignLoadWebpBuffer"),
        .gif: ("gifload_buffer", "VipsForeignLoadNsgifBuffer"),
        .tiff: ("tiffload_buffer", "VipsForeignLoadTiffBuffer"),
        .heic: ("heifload_buffer", "VipsForeignLoadHeifBuffer"),
        .avif: ("heifload_buffer", "VipsForeignLoadHeifBuffer"),
        .jxl: ("jxlload_buffer", "VipsForeignLoadJxlBuffer"),
    ]

    private static let started: Void = {
        guard cvips_start() == 0 else {
            fatalError("cannot start libvips (\(VipsError().detail)): install the version this program was built with")
        }
        for loader in loaders.values { vips_operation_block_set(loader.type, 0) }
    }()

    /// Starts libvips on the first call; later calls do nothing.
    static func start() { started }

    /// Returns libvips' name of the loader for a format, or `nil` if the installed libvips was built without it.
    static func loader(for format: ImageFormat) -> String? {
        start()
        guard let loader = loaders[format], vips_type_find("VipsOperation", loader.name) != 0 else { return nil }
        return loader.name
    }
}

/// The libraries that decode pictures.
package enum PictureCodecs {
    /// Starts them, so that pictures need no further files; later calls do nothing.
    package static func start() { Vips.start() }
}

/// The error message of a failed libvips call; meant for logs, not for clients.
///
/// libvips has one error buffer for all threads, so the text may include errors about pictures on other threads.
struct VipsError: Error, CustomStringConvertible {
    /// Up to 300 characters, on one line.
    let detail: String

    init(detail: String) {
        self.detail = detail
    }

    /// Takes the text from libvips' error buffer, and clears it.
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

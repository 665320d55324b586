import Basics
import CCairo
import Synchronization

/// Lays out the text of labels with Pango, for one caller at a time.
///
/// Pango has one font map per thread, but Cairo shares the underlying fonts between all threads, and version 1.16
/// aborts the process if one thread releases a font that another is about to use (`! scaled_font->cache_frozen`).
/// Hence there is a single font map, and one lock around all code that makes, shows and releases text.
struct Typesetter {
    /// A label's text: the class name, then the score, on one line.
    struct Text {
        /// The class name.
        let name: TextLine
        /// The score.
        let score: TextLine
        /// Width of both, including the space between and around them, in pixels.
        let width: Float
        /// Distance of the baseline from the top of the line, in pixels.
        let baseline: Float
    }

    /// Height of a line, whatever its text, in pixels.
    let lineHeight: Float

    private let name: TextLine
    private let score: TextLine
    private let baseline: Float
    private let inset: Float

    private static let fontMap = Mutex(FontMap())

    /// Calls `body` with a typesetter, or does nothing if no font is installed.
    ///
    /// Neither the typesetter nor its text may outlive the call.
    /// - Parameters:
    ///   - style: Sizes of the text.
    ///   - body: Runs while other threads wait to lay out text.
    static func withTypesetter(style: DrawingStyle, _ body: (Typesetter) -> Void) {
        fontMap.withLock { fontMap in
            guard let typesetter = Typesetter(fontMap, style: style) else { return }
            body(typesetter)
        }
    }

    private init?(_ fontMap: FontMap, style: DrawingStyle) {
        guard let context = pango_font_map_create_context(fontMap.pointer) else { return nil }
        defer { g_object_unref(UnsafeMutableRawPointer(context)) }
        let options = cairo_font_options_create()
        defer { cairo_font_options_destroy(options) }
        // Subpixel antialiasing suits only screens; these pixels are compressed and scaled before display.
        cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
        pango_cairo_context_set_font_options(context, options)

        guard
            let name = TextLine(context: context, fontSize: style.fontSize, weight: PANGO_WEIGHT_BOLD),
            let score = TextLine(context: context, fontSize: style.fontSize, weight: PANGO_WEIGHT_NORMAL)
        else { return nil }
        self.name = name
        self.score = score
        lineHeight = max(name.size.height, score.size.height).rounded(.up)
        baseline = max(name.baseline, score.baseline)
        inset = style.textInset.width
    }

    /// Lays out the text of one label; a name that is too long ends in an ellipsis.
    ///
    /// - Parameters:
    ///   - name: Any text; drawn literally, on one line.
    ///   - score: In `0...1`; drawn with two decimals.
    ///   - width: Maximum width of the text, in pixels.
    /// - Returns: The text and its width.
    func set(name: String, score: Float, width: Float) -> Text {
        let scoreLine = self.score.copy()
        scoreLine.set(Self.twoDecimals(score))
        let around = scoreLine.size.width + 3 * inset
        let nameLine = self.name.copy()
        nameLine.set(name.printable(limit: 80), width: max(0, width - around))
        return Text(
            name: nameLine,
            score: scoreLine,
            width: (nameLine.size.width + around).rounded(.up),
            baseline: baseline
        )
    }

    private static func twoDecimals(_ score: Float) -> String {
        let hundredths = Int((score * 100).rounded())
        return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }
}

/// The fonts that Pango has loaded; kept until the process ends.
private final class FontMap {
    let pointer = pango_cairo_font_map_new()
}

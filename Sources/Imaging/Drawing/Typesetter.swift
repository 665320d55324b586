import CCairo
import Synchronization

/// Sets the text of labels with Pango, for one caller at a time.
///
/// Pango has a font map a thread, but Cairo shares the fonts behind them between all threads, and in 1.16 aborts the
/// process when one thread lets go of a font that another is about to take (`! scaled_font->cache_frozen`). So there is
/// one font map here, and one lock around all that makes, shows and releases text.
struct Typesetter {
    /// A label's text: its class, then its score, on one line.
    struct Text {
        /// The class.
        let name: TextLine
        /// The score.
        let score: TextLine
        /// Width of both, the space between them and that around them, in pixels.
        let width: Float
        /// Distance of the baseline from the top of the line, in pixels.
        let baseline: Float
    }

    /// Height of a line of any text, in pixels.
    let lineHeight: Float

    private let name: TextLine
    private let score: TextLine
    private let baseline: Float
    private let inset: Float

    private static let fontMap = Mutex(FontMap())

    /// Calls `body` with a typesetter, which together with its text must not outlive the call; not where no font is
    /// installed.
    ///
    /// - Parameters:
    ///   - style: Sizes of the text.
    ///   - body: Keeps other threads from setting text while it runs.
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
        // Colour fringes are for screens; these pixels are compressed and scaled before they meet one.
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

    /// Sets the text of one label; a name that is too long for it ends in an ellipsis.
    ///
    /// - Parameters:
    ///   - name: Any text; drawn literally, in one line.
    ///   - score: In `0...1`; drawn with two decimals.
    ///   - width: Widest that the text may become, in pixels.
    /// - Returns: The text and how wide it is.
    func set(name: String, score: Float, width: Float) -> Text {
        let scoreLine = self.score.copy()
        scoreLine.set(Self.twoDecimals(score))
        let around = scoreLine.size.width + 3 * inset
        let nameLine = self.name.copy()
        nameLine.set(Self.printable(name), width: max(0, width - around))
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

    /// Leaves out what Pango does not take, and more than a label could show.
    private static func printable(_ name: String) -> String {
        let longest = 80
        var text = String.UnicodeScalarView()
        for scalar in name.unicodeScalars.prefix(longest) {
            text.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(text) + (name.unicodeScalars.count > longest ? "…" : "")
    }
}

/// The fonts that Pango has loaded; lives as long as the process.
private final class FontMap {
    let pointer = pango_cairo_font_map_new()
}

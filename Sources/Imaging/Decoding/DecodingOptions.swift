/// How pictures are decoded.
package struct DecodingOptions: Hashable, Sendable {
    /// Maximum number of bytes and pixels; a larger picture is rejected before its pixels are decoded.
    package var limits: ImageLimits
    /// How an embedded ICC profile is handled.
    package var embeddedProfile: EmbeddedProfile
    /// Whether a JPEG that is cut off is decoded as far as it goes; the rest is grey, or less sharp.
    package var acceptsTruncated: Bool

    package init(
        limits: ImageLimits = ImageLimits(),
        embeddedProfile: EmbeddedProfile = .apply,
        acceptsTruncated: Bool = false
    ) {
        self.limits = limits
        self.embeddedProfile = embeddedProfile
        self.acceptsTruncated = acceptsTruncated
    }
}

/// How an ICC profile in a picture is handled.
package enum EmbeddedProfile: String, CaseIterable, Sendable {
    /// Converts the colours to sRGB, as viewers do.
    case apply
    /// Keeps the stored values, as OpenCV does.
    case ignore
}

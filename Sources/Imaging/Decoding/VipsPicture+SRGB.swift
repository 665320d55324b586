import CVips

extension VipsPicture {
    private var isFloat: Bool { sampleFormat == VIPS_FORMAT_FLOAT || sampleFormat == VIPS_FORMAT_DOUBLE }

    /// Whether the samples have a known meaning: grey, RGB or CMYK of 8 or 16 bit, or linear light in `0...1`.
    var isConvertible: Bool {
        let colors = bands - (hasAlpha ? 1 : 0)
        guard !isCoded, hasKnownColorspace else { return false }
        if isFloat { return colors == 1 || colors == 3 && interpretation == VIPS_INTERPRETATION_scRGB }
        return (sampleFormat == VIPS_FORMAT_UCHAR || sampleFormat == VIPS_FORMAT_USHORT) && [1, 3, 4].contains(colors)
    }

    /// Converts the picture to what viewers show: upright, in 8 bit sRGB, transparent parts on white.
    consuming func uprightSRGB(_ profile: EmbeddedProfile) throws(VipsError) -> VipsPicture {
        let isUpright = orientation == 1
        var picture = self
        if picture.hasAlpha { picture = try picture.flattened() }
        picture = try picture.convertedToSRGB(profile)
        guard !isUpright else { return picture }
        // Codecs deliver rows only from top to bottom, but turning reads them in another order.
        return try picture.rendered().applying { cvips_autorotate($0, &$1) }
    }

    private borrowing func flattened() throws(VipsError) -> VipsPicture {
        let white: Double = isFloat ? 1 : sampleFormat == VIPS_FORMAT_USHORT ? 65535 : 255
        let isSubtractive = interpretation == VIPS_INTERPRETATION_CMYK
        return try applying { cvips_flatten($0, &$1, white, isSubtractive ? 1 : 0) }
    }

    private consuming func convertedToSRGB(_ profile: EmbeddedProfile) throws(VipsError) -> VipsPicture {
        var picture = self
        if picture.isFloat {
            // libvips interprets grey of any sample format as 0...255.
            if picture.bands == 1 { picture = try picture.applying { cvips_triple($0, &$1) } }
            picture = try picture.applying { cvips_interpret($0, &$1, VIPS_INTERPRETATION_scRGB) }
        } else if profile == .apply, picture.hasProfileWorthApplying {
            // A profile that the colour engine rejects is ignored, as in viewers.
            do throws(VipsError) { picture = try picture.applying { cvips_apply_profile($0, &$1) } } catch {}
        }
        if picture.interpretation != VIPS_INTERPRETATION_sRGB || picture.bands != 3 {
            picture = try picture.applying { cvips_convert($0, &$1, VIPS_INTERPRETATION_sRGB) }
        }
        if picture.sampleFormat != VIPS_FORMAT_UCHAR {
            picture = try picture.applying { cvips_to_bytes($0, &$1) }
        }
        return picture
    }

    private var hasProfileWorthApplying: Bool {
        withProfile { ColorProfile.conversion(by: $0, channels: bands).isNeeded } ?? false
    }
}

import CVips

extension PictureTransform {
    /// Applies the steps to a picture.
    ///
    /// Scaling uses a Lanczos filter with three lobes; the same picture produces the same bytes on every CPU.
    /// - Parameter image: Any picture; it is not changed.
    /// - Returns: A new picture of at least 1x1, or `image` itself if there is nothing to do.
    /// - Throws: ``ImageError`` with ``ImageError/Code/invalidTransform`` if the crop is not inside the picture or
    ///   the scaling factor is out of range.
    package func apply(to image: RGBImage) throws(ImageError) -> RGBImage {
        try check(image)
        guard !isIdentity else { return image }
        return try image.withVipsPicture { picture throws(VipsError) in
            try transformed(picture).rgbImage()
        } failure: { error in
            ImageError(.invalidTransform, "the picture cannot be transformed: try fewer steps at once", cause: error)
        }
    }

    private func check(_ image: RGBImage) throws(ImageError) {
        guard Self.scalingFactors.contains(scalingFactor) else {
            throw ImageError(
                .invalidTransform,
                "the scaling factor is \(scalingFactor): it must be in "
                    + "\(Self.scalingFactors.lowerBound)...\(Self.scalingFactors.upperBound)"
            )
        }
        guard let crop else { return }
        // Compare by subtraction, because a sum of a client's numbers might overflow.
        guard crop.width >= 1, crop.height >= 1, crop.x >= 0, crop.y >= 0, crop.width <= image.width,
            crop.height <= image.height, crop.x <= image.width - crop.width, crop.y <= image.height - crop.height
        else {
            throw ImageError(
                .invalidTransform,
                "the crop of \(crop.width)x\(crop.height) at (\(crop.x), \(crop.y)) is not inside the picture, "
                    + "which is \(image.width)x\(image.height)"
            )
        }
    }

    private func transformed(_ original: consuming VipsPicture) throws(VipsError) -> VipsPicture {
        var picture = original
        if let crop {
            picture = try picture.applying {
                cvips_crop($0, &$1, CInt(crop.x), CInt(crop.y), CInt(crop.width), CInt(crop.height))
            }
        }
        if rotation != .none {
            let angle =
                switch rotation {
                case .none: VIPS_ANGLE_D0
                case .quarter: VIPS_ANGLE_D90
                case .half: VIPS_ANGLE_D180
                case .threeQuarters: VIPS_ANGLE_D270
                }
            picture = try picture.applying { cvips_rotate($0, &$1, angle) }
        }
        if let flip {
            let direction = flip == .horizontal ? VIPS_DIRECTION_HORIZONTAL : VIPS_DIRECTION_VERTICAL
            picture = try picture.applying { cvips_flip($0, &$1, direction) }
        }
        if scalingFactor != 1 {
            let horizontal = Self.scaled(picture.width, by: scalingFactor) / Double(picture.width)
            let vertical = Self.scaled(picture.height, by: scalingFactor) / Double(picture.height)
            picture = try picture.applying { cvips_resize($0, &$1, horizontal, vertical) }
        }
        if grayscale {
            picture = try picture.applying { cvips_convert($0, &$1, VIPS_INTERPRETATION_B_W) }
            picture = try picture.applying { cvips_convert($0, &$1, VIPS_INTERPRETATION_sRGB) }
        }
        return picture
    }

    private static func scaled(_ side: Int, by factor: Double) -> Double {
        max(1, (Double(side) * factor).rounded())
    }
}

import Imaging
import TestSupport
import Testing

@Suite("Reduced pictures") struct ReducedImageTests {
    @Test(
        "a JPEG is reduced while its longer side is a quarter longer than requested",
        arguments: [
            (64, 48, 64, 1, 64, 48), (159, 48, 64, 1, 159, 48), (160, 120, 64, 2, 80, 60), (48, 160, 64, 2, 24, 80),
            (161, 95, 64, 2, 81, 48), (319, 3, 64, 2, 160, 2), (320, 3, 64, 4, 80, 1), (639, 639, 64, 4, 160, 160),
            (640, 9, 64, 8, 80, 2), (2000, 1501, 64, 8, 250, 188), (1, 1, 1, 1, 1, 1), (10, 10, 1, 8, 2, 2),
        ]
    )
    func sizes(_ width: Int, _ height: Int, _ side: Int, _ reduction: Int, _ columns: Int, _ rows: Int) throws {
        let jpeg = try TestPictures.ramp(width: width, height: height).encoded(as: .jpeg)
        let image = try ReducedImage.decode(jpeg, forSide: side)
        #expect((image.width, image.height) == (width, height))
        #expect(image.reduction == reduction)
        #expect((image.pixels.width, image.pixels.height) == (columns, rows))
    }

    @Test(
        "a part of a picture is scaled as a copy of it",
        arguments: [
            // As large as the input, exactly twice as large, and anything else.
            (0, 0, 64, 64), (37, 11, 64, 48), (5, 3, 128, 96), (17, 40, 100, 61), (150, 99, 1, 1), (0, 0, 200, 150),
        ] as [(Int, Int, Int, Int)],
        [false, true]
    )
    func parts(place: (Int, Int, Int, Int), antialiases: Bool) throws {
        let (left, top, width, height) = place
        let whole = TestPictures.ramp(width: 200, height: 150)
        let copy = RGBImage(width: width, height: height) { pixels in
            for row in 0..<height {
                for index in 0..<(3 * width) {
                    pixels.initializeElement(
                        at: 3 * width * row + index,
                        to: whole.bytes[3 * (200 * (top + row) + left) + index]
                    )
                }
            }
        }
        let part = ReducedImage(whole, columns: left..<left + width, rows: top..<top + height)
        let letterbox = Letterbox(imageWidth: width, imageHeight: height, side: 64, antialiases: antialiases)
        let inputs = [part, ReducedImage(copy)].map { image in
            [UInt8](unsafeUninitializedCapacity: letterbox.byteCount) { buffer, count in
                letterbox.draw(image, into: buffer)
                count = letterbox.byteCount
            }
        }
        #expect(inputs[0] == inputs[1])
    }

    @Test("other formats are decoded at full size", arguments: [ImageFormat.png, .webp])
    func otherFormats(_ format: ImageFormat) throws {
        let bytes = try TestPictures.ramp(width: 64, height: 48).encoded(as: format)
        let image = try ReducedImage.decode(bytes, forSide: 8)
        #expect((image.width, image.height, image.reduction) == (64, 48, 1))
        #expect(try image.pixels.bytes == RGBImage.decode(bytes).bytes)
    }

    /// Sides divisible by 8, only by 2, and odd ones, which are not reduced if a partial block would come first.
    @Test("each pixel is the mean of those it covers, also if the picture is turned", arguments: 1...8, [72, 74, 77])
    func means(_ orientation: Int, _ side: Int) throws {
        let exif = TestPictures.exif(orientation: orientation)
        let plain = try TestPictures.ramp(width: 2 * side, height: side).encoded(as: .jpeg, quality: 95)
        let jpeg = TestPictures.jpeg(plain, inserting: exif, marker: 0xE1)
        let whole = try RGBImage.decode(jpeg)
        for side in [8, 16, 32] {
            let image = try ReducedImage.decode(jpeg, forSide: side)
            #expect((image.width, image.height) == (whole.width, whole.height))
            #expect(orientation > 1 || image.reduction > 1)
            try image.pixels.expectMeans(of: whole, reduction: image.reduction, tolerance: 4)
        }
    }

    @Test("colours are converted as at full size")
    func colors() throws {
        let jpegs = try [PictureFixtures.cmykJPEG, PictureFixtures.jpegs[4].base64].map(TestPictures.base64)
        for (jpeg, reduction) in zip(jpegs, [4, 8]) {
            let image = try ReducedImage.decode(jpeg, forSide: 1)
            #expect(image.reduction == reduction)
            // The grey one is a high-contrast checkerboard, and the encoder chose the pixels beyond its edges.
            try image.pixels.expectMeans(of: RGBImage.decode(jpeg), reduction: reduction, tolerance: 12)
        }
    }

    @Test("a picture rejected at full size is rejected when reduced")
    func damage() throws {
        let picture = try TestPictures.ramp(width: 64, height: 48).encoded(as: .jpeg)
        for jpeg in try [picture, TestPictures.base64(PictureFixtures.jpegs[3].base64)] {
            for count in stride(from: 0, to: jpeg.count, by: 7) {
                let bytes = Array(jpeg[..<count])
                let whole = code { _ = try RGBImage.decode(bytes) }
                #expect(code { _ = try ReducedImage.decode(bytes, forSide: 8) } == whole)
            }
            let limits = ImageLimits(maximumPixels: 800)
            #expect(code { _ = try ReducedImage.decode(jpeg, limits: limits, forSide: 1) } == .tooLarge)
        }
    }

    private func code(_ body: () throws -> Void) -> ImageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ImageError)?.code
        }
    }
}

extension ReducedImage {
    static func decode(
        _ bytes: [UInt8],
        limits: ImageLimits = ImageLimits(),
        forSide side: Int
    ) throws(ImageError) -> ReducedImage {
        try decode(bytes.span.bytes, DecodingOptions(limits: limits), forSide: side)
    }
}

extension RGBImage {
    /// Expects each pixel to be the mean of its block in the full picture, including partial blocks at the edges.
    fileprivate func expectMeans(of whole: RGBImage, reduction: Int, tolerance: Int) throws {
        let (bytes, wholeBytes) = (bytes, whole.bytes)
        var worst = 0
        for y in 0..<height {
            for x in 0..<width {
                let columns = (x * reduction)..<min((x + 1) * reduction, whole.width)
                let rows = (y * reduction)..<min((y + 1) * reduction, whole.height)
                for channel in 0..<3 {
                    var sum = 0
                    for row in rows {
                        for column in columns { sum += Int(wholeBytes[3 * (row * whole.width + column) + channel]) }
                    }
                    let mean = sum / (rows.count * columns.count)
                    worst = max(worst, abs(Int(bytes[3 * (y * width + x) + channel]) - mean))
                }
            }
        }
        #expect(worst <= tolerance)
    }
}

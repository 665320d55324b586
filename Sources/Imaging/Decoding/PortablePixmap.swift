/// A reader of portable pixmaps and graymaps (PPM, PGM), which libvips' authors do not consider safe to read.
///
/// Only the first picture of a file is read.
/// - SeeAlso: Netpbm's documentation of `ppm` and `pgm`.
struct PortablePixmap {
    /// Parses the numbers of the header and of plain pictures.
    private struct NumberReader {
        let bytes: UnsafeRawBufferPointer
        var offset: Int

        /// Returns the next number, after white space and comments; nil if there is none or it exceeds a billion.
        mutating func next() -> Int? {
            while offset < bytes.count, isSpace(bytes[offset]) || bytes[offset] == UInt8(ascii: "#") {
                if bytes[offset] == UInt8(ascii: "#") {
                    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") { offset += 1 }
                } else {
                    offset += 1
                }
            }
            let start = offset
            var number = 0
            while offset < bytes.count, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
                number = number * 10 + Int(digit)
                guard number <= 1_000_000_000 else { return nil }
                offset += 1
            }
            return offset > start ? number : nil
        }

        private func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }
    }

    let width: Int
    let height: Int
    /// 1 for grey, 3 for RGB.
    private let channels: Int
    /// Whether samples are decimal numbers instead of bytes.
    private let isPlain: Bool
    /// Value of white, `1...65535`.
    private let maximum: Int
    private let pixelOffset: Int

    private static let damaged = ImageError(
        .corrupt,
        "the PPM is damaged or truncated: send the complete file, or save it as PNG"
    )

    /// Whether the bytes begin like a pixmap: `P2`, `P3`, `P5` or `P6` and white space.
    static func hasSignature(_ bytes: RawSpan) -> Bool {
        ["P2", "P3", "P5", "P6"].contains { bytes.has($0) }
            && [9, 10, 13, 32, UInt8(ascii: "#")].contains { bytes.has([$0], at: 2) }
    }

    /// Reads the header and checks it against the limits and the number of bytes.
    init(header bytes: RawSpan, limits: ImageLimits) throws(ImageError) {
        channels = bytes.has("P3") || bytes.has("P6") ? 3 : 1
        isPlain = bytes.has("P2") || bytes.has("P3")
        let (numbers, end) = bytes.withUnsafeBytes { buffer in
            var reader = NumberReader(bytes: buffer, offset: 2)
            let numbers = (0..<3).compactMap { _ in reader.next() }
            return (numbers, reader.offset)
        }
        guard numbers.count == 3, numbers[0] > 0, numbers[1] > 0, (1...65_535).contains(numbers[2]) else {
            throw Self.damaged
        }
        width = numbers[0]
        height = numbers[1]
        maximum = numbers[2]
        try limits.check(width: width, height: height)
        // One character of white space ends the header.
        pixelOffset = end + 1
        // A plain sample takes at least a digit and a space; the last one, only a digit.
        let bytesPerSample = isPlain || maximum > 255 ? 2 : 1
        let needed = width * height * channels * bytesPerSample - (isPlain ? 1 : 0)
        guard pixelOffset + needed <= bytes.byteCount else { throw Self.damaged }
    }

    /// Decodes the pixels from the same bytes that the header was read from.
    func decode(_ bytes: RawSpan, into memory: PixelMemory?) throws(ImageError) -> RGBImage {
        try bytes.withUnsafeBytes { buffer throws(ImageError) in
            try RGBImage(width: width, height: height, memory: memory) { pixels throws(ImageError) in
                if !isPlain {
                    decodeBinary(UnsafeRawBufferPointer(rebasing: buffer[pixelOffset...]), into: pixels)
                } else if !decodePlain(buffer, into: pixels) {
                    throw Self.damaged
                }
            }
        }
    }

    private func decodeBinary(_ samples: UnsafeRawBufferPointer, into pixels: UnsafeMutableBufferPointer<UInt8>) {
        if maximum > 255 {
            fill(pixels) { index in level(Int(samples[2 * index]) << 8 | Int(samples[2 * index + 1])) }
        } else if maximum == 255, channels == 3 {
            let bytes = UnsafeRawBufferPointer(rebasing: samples[..<pixels.count])
            UnsafeMutableRawBufferPointer(pixels).copyMemory(from: bytes)
        } else {
            let levels = (0...255).map(level)
            fill(pixels) { index in levels[Int(samples[index])] }
        }
    }

    /// Returns false if a sample is missing or exceeds the maximum.
    private func decodePlain(_ bytes: UnsafeRawBufferPointer, into pixels: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        var reader = NumberReader(bytes: bytes, offset: pixelOffset)
        var isComplete = true
        fill(pixels) { _ in
            guard isComplete, let sample = reader.next(), sample <= maximum else {
                isComplete = false
                return 0
            }
            return level(sample)
        }
        return isComplete
    }

    /// Stores the samples, in order, as RGB.
    @inline(__always)
    private func fill(_ pixels: UnsafeMutableBufferPointer<UInt8>, sample: (Int) -> UInt8) {
        let copies = 3 / channels
        for index in 0..<width * height * channels {
            let value = sample(index)
            for copy in 0..<copies { pixels[copies * index + copy] = value }
        }
    }

    /// Scales a sample to 8 bit.
    private func level(_ sample: Int) -> UInt8 { UInt8((min(sample, maximum) * 255 + maximum / 2) / maximum) }
}

import CJPEG
import CWebP
import Imaging
import Synchronization
import TestSupport
import Testing

@Suite struct EncodingTests {
    private static let sizes = [(1, 1), (1, 7), (7, 1), (3, 2), (64, 48), (641, 479)]

    @Test("PNG preserves every byte", arguments: sizes)
    func png(_ width: Int, _ height: Int) throws {
        let image = TestPictures.ramp(width: width, height: height)
        let decoded = try RGBImage.decode(image.encoded(as: .png))
        #expect((decoded.width, decoded.height) == (width, height))
        #expect(decoded.bytes == image.bytes)
    }

    @Test("PNG preserves noise, flat colour, a single bright byte and stripes")
    func pngOfExtremes() throws {
        var generator = SeededGenerator(seed: 3)
        let pictures = [
            RGBImage(width: 300, height: 200) {
                for index in $0.indices { $0[index] = .random(in: 0...255, using: &generator) }
            },
            RGBImage(width: 300, height: 200) { $0.initialize(repeating: 114) },
            RGBImage(width: 300, height: 200) { for index in $0.indices { $0[index] = index == 90_000 ? 255 : 0 } },
            RGBImage(width: 2000, height: 1000) { for index in $0.indices { $0[index] = UInt8(index / 6000 & 255) } },
        ]
        for image in pictures {
            #expect(try RGBImage.decode(image.encoded(as: .png)).bytes == image.bytes)
        }
        // Fibonacci frequencies produce the longest possible code words: 20 bits here, if not limited.
        var fibonacci = [1, 1]
        for index in 2..<20 { fibonacci.append(fibonacci[index - 1] + fibonacci[index - 2]) }
        var bytes = fibonacci.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
        bytes.shuffle(using: &generator)
        let skewed = RGBImage(width: bytes.count / 3, height: 1) { _ = $0.update(fromContentsOf: bytes[..<$0.count]) }
        #expect(try RGBImage.decode(skewed.encoded(as: .png)).bytes == skewed.bytes)
        // A flat picture of 180,000 bytes must shrink to almost nothing.
        #expect(try pictures[1].encoded(as: .png).count < 2000)
    }

    @Test("a lossy format stays close to the picture", arguments: [ImageFormat.jpeg, .webp])
    func lossy(_ format: ImageFormat) throws {
        let image = TestPictures.ramp(width: 64, height: 48)
        let decoded = try RGBImage.decode(image.encoded(as: format, quality: 95))
        #expect((decoded.width, decoded.height) == (64, 48))
        let differences = zip(image.bytes, decoded.bytes).map { abs(Int($0) - Int($1)) }
        #expect(differences.reduce(0, +) < 4 * differences.count)
    }

    @Test("encoding ends when the task is cancelled", arguments: ImageFormat.encodable)
    func stopped(_ format: ImageFormat) async throws {
        let image = TestPictures.ramp(width: 640, height: 480)
        let encoding = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try image.encoded(as: format).count
        }
        let error = await #expect(throws: ImageError.self) { try await encoding.value }
        #expect(error?.code == .stopped)
    }

    @Test("libjpeg-turbo and libwebp can be stopped on the way")
    func stoppedOnTheWay() {
        var generator = SeededGenerator(seed: 3)
        let side = 1000
        let noise = RGBImage(width: side, height: side) {
            for index in $0.indices { $0[index] = .random(in: 0...255, using: &generator) }
        }
        noise.withUnsafePixels { pixels in
            let (start, size) = (pixels.baseAddress, CInt(side))
            var count = 0
            Self.calls.store(0, ordering: .relaxed)
            #expect(cjpeg_write(start, UInt32(side), UInt32(side), 95, { Self.isThirdCall() }, &count) == nil)
            Self.calls.store(0, ordering: .relaxed)
            #expect(cwebp_encode(start, size, size, 90, { Self.isThirdCall() }, &count) == nil)
            #expect(Self.calls.load(ordering: .relaxed) == 3)
        }
    }

    private static let calls = Atomic(0)

    private static func isThirdCall() -> Bool { calls.add(1, ordering: .relaxed).newValue >= 3 }

    @Test("encoding is deterministic, and a higher quality produces more bytes", arguments: ImageFormat.encodable)
    func deterministic(_ format: ImageFormat) throws {
        let image = TestPictures.ramp(width: 64, height: 48)
        let bytes = try image.encoded(as: format)
        #expect(ImageFormat.sniff(bytes) == format)
        #expect(try image.encoded(as: format) == bytes)
        guard format != .png else { return }
        #expect(try image.encoded(as: format, quality: 30).count < bytes.count)
        // Values out of range are clamped.
        #expect(try image.encoded(as: format, quality: 1000) == image.encoded(as: format, quality: 100))
        #expect(try image.encoded(as: format, quality: -5) == image.encoded(as: format, quality: 1))
    }

    @Test("colour resolution is halved below a quality of 90")
    func subsampling() throws {
        let image = TestPictures.ramp(width: 16, height: 16)
        for (quality, sampling) in [(89, 0x22), (90, 0x11)] as [(Int, UInt8)] {
            let jpeg = try image.encoded(as: .jpeg, quality: quality)
            // The frame header: FF C0, length, depth, height, width, 3 components, component 1 and its sampling.
            let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
            #expect(jpeg[frame + 11] == sampling)
        }
    }

    @Test("a format that can only be read is rejected", arguments: ImageFormat.allCases.filter { !$0.isEncodable })
    func notEncodable(_ format: ImageFormat) {
        let error = #expect(throws: ImageError.self) {
            try TestPictures.ramp(width: 4, height: 4).encoded(as: format)
        }
        #expect(error?.code == .encodingFailed)
    }

    @Test("a picture too wide for WebP is rejected with its size")
    func tooWide() {
        let error = #expect(throws: ImageError.self) {
            try TestPictures.ramp(width: 16_384, height: 1).encoded(as: .webp)
        }
        #expect(error?.code == .unsupportedSize)
        #expect(error?.message.contains("16384x1") == true)
    }
}

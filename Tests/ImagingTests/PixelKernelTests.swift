import CPixels
import Testing

/// Each kernel against the same thing said plainly, on sizes around those of vector registers.
///
/// Buffers have exactly the size that a kernel may touch, so a run with the address sanitizer checks its edges too.
@Suite("Pixel kernels")
struct PixelKernelTests {
    static let widths = Array(0...70) + [127, 128, 129, 640, 1001]

    @Test("a row is interpolated from neighbours and weights")
    func interpolateRow() {
        var generator = SeededGenerator(seed: 1)
        for width in Self.widths {
            for sourceWidth in [1, 2, 3, 4, 31, 640] {
                let source = generator.bytes(3 * sourceWidth)
                let taps = (0..<width)
                    .map { _ in Int.random(in: 0..<sourceWidth, using: &generator) }
                    .sorted()
                    .map { position in
                        let far = position == sourceWidth - 1 ? 0 : Int16.random(in: 0...2048, using: &generator)
                        return pixels_tap(offset: UInt32(3 * position), near_weight: 2048 - far, far_weight: far)
                    }
                // One value more than the row has is the kernel's to spill into.
                var row = [Int16](repeating: -1, count: 3 * width + 1)
                pixels_interpolate_row(source, source.count, taps, width, &row)

                let expected = taps.flatMap { tap in
                    (0..<3).map { channel in
                        let near = Int(source[Int(tap.offset) + channel]) * Int(tap.near_weight)
                        guard tap.far_weight > 0 else { return Int16(near >> 4) }
                        return Int16((near + Int(source[Int(tap.offset) + channel + 3]) * Int(tap.far_weight)) >> 4)
                    }
                }
                #expect(Array(row.dropLast()) == expected, "\(sourceWidth) to \(width)")
            }
        }
    }

    @Test("two rows are blended by weight")
    func blendRows() {
        var generator = SeededGenerator(seed: 2)
        for width in Self.widths {
            let near = (0..<width).map { _ in Int16.random(in: 0...32640, using: &generator) }
            let far = (0..<width).map { _ in Int16.random(in: 0...32640, using: &generator) }
            for farWeight in [Int16(0), 1, 1024, 2047, 2048, .random(in: 0...2048, using: &generator)] {
                let nearWeight = 2048 - farWeight
                var output = [UInt8](repeating: 0, count: width)
                pixels_blend_rows(near, far, nearWeight, farWeight, &output, width)

                let expected = zip(near, far).map { near, far in
                    let nearPart = (Int(near) * Int(nearWeight)) >> 16
                    let farPart = (Int(far) * Int(farWeight)) >> 16
                    return UInt8((nearPart + farPart + 2) / 4)
                }
                #expect(output == expected, "\(width) values at \(farWeight)")
            }
        }
    }

    @Test("the brightest rows blend to white")
    func blendWhite() {
        let white = [Int16](repeating: 32640, count: 100)
        for farWeight in Int16(0)...2048 {
            var output = [UInt8](repeating: 0, count: 100)
            pixels_blend_rows(white, white, 2048 - farWeight, farWeight, &output, 100)
            #expect(output.allSatisfy { $0 == 255 }, "at \(farWeight)")
        }
    }

    @Test("blocks of two by two pixels are averaged, halves upwards")
    func halveRows() {
        var generator = SeededGenerator(seed: 3)
        for width in Self.widths {
            let upper = generator.bytes(6 * width)
            let lower = generator.bytes(6 * width)
            var output = [UInt8](repeating: 0, count: 3 * width)
            pixels_halve_rows(upper, lower, &output, width)

            let expected = (0..<width).flatMap { x in
                (6 * x..<6 * x + 3).map { left in
                    let sum = Int(upper[left]) + Int(upper[left + 3]) + Int(lower[left]) + Int(lower[left + 3])
                    return UInt8((sum + 2) / 4)
                }
            }
            #expect(output == expected, "\(width)")
        }
    }

    @Test("RGB is packed into words and unpacked again")
    func packing() {
        var generator = SeededGenerator(seed: 4)
        for count in Self.widths {
            let rgb = generator.bytes(3 * count)
            var words = [UInt32](repeating: 0, count: count)
            pixels_pack_rgb(rgb, &words, count)
            let expected = (0..<count).map { i in
                rgb[3 * i..<3 * i + 3].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            #expect(words == expected, "\(count)")

            var unpacked = [UInt8](repeating: 0, count: 3 * count)
            pixels_unpack_rgb(words.map { $0 | 0xAB00_0000 }, &unpacked, count)
            #expect(unpacked == rgb, "\(count)")
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

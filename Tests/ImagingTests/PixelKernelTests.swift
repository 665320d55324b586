import CPixels
import Foundation
import TestSupport
import Testing

/// Compares each kernel with a simple implementation, on sizes around those of vector registers.
///
/// Buffers have exactly the size that a kernel may access, so the address sanitizer checks the bounds as well.
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
                // The kernel may spill one value beyond the row.
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

    @Test("blocks of two by two pixels are averaged, with halves rounded up")
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

    @Test("a colour is blended into pixels")
    func tint() {
        var generator = SeededGenerator(seed: 5)
        for count in Self.widths {
            for opacity in [UInt32(0), 1, 102, 128, 255, 256] {
                let before = (0..<count).map { _ in UInt32.random(in: 0...0xFFFFFF, using: &generator) }
                let color = UInt32.random(in: 0...0xFFFFFF, using: &generator)
                var words = before.map { $0 | 0xAB00_0000 }
                pixels_tint(&words, count, color, opacity)

                let expected = before.map { word in
                    [UInt32(16), 8, 0].reduce(UInt32(0)) { mixed, shift in
                        let channel = (word >> shift & 255) * (256 - opacity) + (color >> shift & 255) * opacity
                        return mixed << 8 | (channel + 128) / 256
                    }
                }
                #expect(words == expected, "\(count) pixels at \(opacity)")
            }
        }
    }

    @Test("prototypes are combined into probabilities, or sums", arguments: [1, 3, 32])
    func maskRow(prototypeCount: Int) {
        var generator = SeededGenerator(seed: 6)
        for columns in 1...140 {
            // The region begins inside the planes and ends with the last of them.
            let plane = columns + 5
            let prototypes = (0..<plane * prototypeCount - 5).map { _ in Float.random(in: -2...2, using: &generator) }
            let coefficients = (0..<prototypeCount).map { _ in Float.random(in: -3...3, using: &generator) }
            var row = [Float](repeating: -1, count: columns)
            var sums = row
            pixels_mask_row(prototypes, plane, coefficients, prototypeCount, false, &row, columns)
            pixels_mask_row(prototypes, plane, coefficients, prototypeCount, true, &sums, columns)

            for column in 0..<columns {
                let logit = (0..<prototypeCount).reduce(0.0) { sum, prototype in
                    sum + Double(coefficients[prototype]) * Double(prototypes[prototype * plane + column])
                }
                let expected = 1 / (1 + exp(-logit))
                #expect(abs(Double(row[column]) / expected - 1) < 1e-4, "\(column) of \(columns)")
                sums[column] -= Float(logit)
            }
            // Rounding of sums of up to 32 products of up to 6.
            #expect(sums.allSatisfy { abs($0 - 0.5) < 1e-3 }, "\(columns)")
        }
    }

    @Test("probabilities match the sigmoid, also for extreme values")
    func sigmoid() {
        let logits = Array(stride(from: Float(-86), through: 86, by: 0.0625))
        var probabilities = [Float](repeating: -1, count: logits.count)
        pixels_mask_row(logits, logits.count, [1], 1, false, &probabilities, logits.count)
        for (logit, probability) in zip(logits, probabilities) {
            #expect(abs(Double(probability) * (1 + exp(-Double(logit))) - 1) < 1e-6, "\(logit)")
        }

        let extremes: [Float] = [-.infinity, -1e30, -89, 89, 1e30, .infinity, 0]
        var limits = [Float](repeating: -1, count: extremes.count)
        pixels_mask_row(extremes, extremes.count, [1], 1, false, &limits, extremes.count)
        #expect(limits[..<3].allSatisfy { (0..<1e-37).contains($0) })
        #expect(limits[3...] == [1, 1, 1, 0.5])
        var nothing = [Float](repeating: -1, count: 20)
        pixels_mask_row([Float](repeating: .nan, count: 20), 20, [1], 1, false, &nothing, 20)
        #expect(nothing.allSatisfy { $0.isNaN || (0...1).contains($0) })
    }

    @Test("two rows are interpolated and compared with a half")
    func thresholdRows() {
        var generator = SeededGenerator(seed: 7)
        for count in Self.widths {
            // Multiples of 1/64, so that sums and products are exact.
            func row() -> [Float] { (0..<count).map { _ in Float(Int.random(in: 0...64, using: &generator)) / 64 } }
            let (near, far) = (row(), row())
            for weight in [Float(0), 0.25, 0.5, 0.984375, 1] {
                var output = [UInt8](repeating: 2, count: count)
                pixels_threshold_rows(near, far, weight, &output, count)
                let expected = zip(near, far).map { UInt8((1 - weight) * $0 + weight * $1 > 0.5 ? 1 : 0) }
                #expect(output == expected, "\(count) at \(weight)")
            }
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

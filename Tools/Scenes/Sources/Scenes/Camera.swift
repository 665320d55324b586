import Imaging

/// Simulates a poor camera: blurs a picture, changes its contrast and brightness, and adds noise.
struct Camera {
    /// Weight of each neighbour in the blur along rows and then along columns, in 256ths.
    private let blur: Int
    /// Contrast, in 256ths.
    private let gain: Int
    /// Levels added after the contrast change.
    private let offset: Int
    /// Standard deviation of the noise in levels.
    private let noise: Double
    private let seed: UInt64

    init(using random: inout SeededRandom) {
        blur = random.chance(0.4) ? random.integer(in: 10...64) : 0
        gain = random.chance(0.6) ? random.integer(in: 190...270) : 256
        offset = random.chance(0.5) ? random.integer(in: -15...15) : 0
        noise = random.chance(0.65) ? 11 * random.unit() : 0
        seed = random.next()
    }

    func picture(of painting: Painting) throws(SceneError) -> RGBImage {
        let (width, height) = (painting.width, painting.height)
        var samples = [Int32](repeating: 0, count: 3 * width * height)
        try painting.withPixels { words, stride in
            for y in 0..<height {
                for x in 0..<width {
                    let word = words[y * stride + x]
                    let offset = 3 * (y * width + x)
                    for channel in 0..<3 {
                        samples[offset + channel] = Int32(word >> (16 - 8 * channel) & 0xFF)
                    }
                }
            }
        }
        if blur > 0 {
            for y in 0..<height { Self.smooth(&samples, from: 3 * y * width, count: width, step: 3, by: blur) }
            for x in 0..<width { Self.smooth(&samples, from: 3 * x, count: height, step: 3 * width, by: blur) }
        }
        expose(&samples)
        return RGBImage(width: width, height: height) { pixels in
            for index in samples.indices { pixels[index] = UInt8(clamping: samples[index]) }
        }
    }

    /// Mixes each pixel of a row or column with its two neighbours.
    private static func smooth(_ samples: inout [Int32], from start: Int, count: Int, step: Int, by blur: Int) {
        let blur = Int32(blur)
        for channel in start..<(start + 3) {
            var previous = samples[channel]
            for index in 0..<count {
                let place = channel + index * step
                let current = samples[place]
                let next = index + 1 < count ? samples[place + step] : current
                samples[place] = (blur * (previous + next) + (256 - 2 * blur) * current + 128) >> 8
                previous = current
            }
        }
    }

    /// Changes the contrast and brightness, and adds noise.
    private func expose(_ samples: inout [Int32]) {
        var random = SeededRandom(state: seed)
        // In 65536ths of a level.
        let noise = Int(noise / SeededRandom.deviation * 65_536)
        for index in samples.indices {
            let level = ((Int(samples[index]) - 128) * gain + (128 + offset) * 256) * 256
            let grain = noise > 0 ? random.deviate() * noise : 0
            samples[index] = Int32(truncatingIfNeeded: (level + grain + 32_768) >> 16)
        }
    }
}

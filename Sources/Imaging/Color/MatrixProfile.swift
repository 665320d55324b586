internal import CPixels

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// An RGB profile with a curve for each channel and a matrix, as nearly all cameras and displays have.
///
/// A colour engine would take ten times as long, mostly for its setup; its results differ by at most one level.
/// - SeeAlso: ICC.1:2022, 8.3.3 (the model), 10.6 (`curv`), 10.18 (`para`), 10.31 (`XYZ `).
package struct MatrixProfile {
    /// X, Y and Z of red, then of green, then of blue, adapted to D50.
    private let colorants: [Double]
    /// The linear light in `0...1` for each stored value of red, then of green, then of blue: `[3, 256]`.
    private let light: [Float]

    /// Reads a profile; `nil` if it is of another kind.
    package init?(_ profile: RawSpan) {
        // A look-up table takes precedence over curves and matrix.
        guard ColorProfile.tag("A2B0", in: profile) == nil else { return nil }
        var colorants: [Double] = []
        var light: [Float] = []
        for channel in ["r", "g", "b"] {
            guard let xyz = ColorProfile.tag("\(channel)XYZ", in: profile), profile.has("XYZ ", at: xyz.offset),
                let tag = ColorProfile.tag("\(channel)TRC", in: profile), let curve = Curve(at: tag, in: profile)
            else { return nil }
            for axis in 0..<3 {
                guard let value = profile.fixed(at: xyz.offset + 8 + 4 * axis) else { return nil }
                colorants.append(value)
            }
            light += (0..<256).map { Float(curve.light(Double($0) / 255)) }
        }
        self.colorants = colorants
        self.light = light
    }

    /// Whether this is sRGB under any name: no 8 bit value changes by more than rounding.
    ///
    /// Most cameras and programs embed such a profile. Skipping it saves time and keeps the codec's values.
    package var isSRGB: Bool {
        zip(colorants, SRGB.colorants).allSatisfy { abs($0 - $1) < 0.003 }
            && light.indices.allSatisfy { abs(SRGB.encode(Double(light[$0])) - Double($0 % 256) / 255) < 0.5 / 255 }
    }

    /// Converts pixels, `[count, 3]`, to sRGB in place.
    package func convert(_ pixels: UnsafeMutableBufferPointer<UInt8>) {
        var shares: [Float] = []
        for (index, light) in light.enumerated() {
            let xyz = colorants[3 * (index / 256)..<3 * (index / 256) + 3]
            for row in 0..<3 {
                let share = zip(SRGB.fromXYZ[3 * row..<3 * row + 3], xyz).reduce(0) { $0 + $1.0 * $1.1 }
                shares.append(light * Float(share) * Float(PIXELS_LIGHT_STEPS))
            }
            shares.append(0)
        }
        pixels_convert_colors(pixels.baseAddress, pixels.count / 3, shares, SRGB.encoded)
    }

    /// Mapping of stored values to light.
    private enum Curve {
        case table([Double])
        /// (ax + b)^g + e from d on, cx + f below.
        case formula(g: Double, a: Double, b: Double, c: Double, d: Double, e: Double, f: Double)

        init?(at tag: (offset: Int, length: Int), in profile: RawSpan) {
            if profile.has("curv", at: tag.offset) {
                guard let count = profile.bigEndian32(at: tag.offset + 8), count <= 1 << 16,
                    Int(count) <= (tag.length - 12) / 2
                else { return nil }
                let values = (0..<Int(count)).compactMap { profile.bigEndian16(at: tag.offset + 12 + 2 * $0) }
                switch values.count {
                case 0: self = .gamma(1)
                case 1: self = .gamma(Double(values[0]) / 256)
                default: self = .table(values.map { Double($0) / 65535 })
                }
            } else if profile.has("para", at: tag.offset), let type = profile.bigEndian16(at: tag.offset + 8) {
                // The number of parameters of each type.
                guard let count = [1, 3, 4, 5, 7].dropFirst(Int(type)).first else { return nil }
                let n = (0..<count).compactMap { profile.fixed(at: tag.offset + 12 + 4 * $0) }
                guard n.count == count, (tag.length - 12) / 4 >= count, type < 1 || n[1] != 0 else { return nil }
                switch type {
                case 0: self = .gamma(n[0])
                case 1: self = .formula(g: n[0], a: n[1], b: n[2], c: 0, d: -n[2] / n[1], e: 0, f: 0)
                case 2: self = .formula(g: n[0], a: n[1], b: n[2], c: 0, d: -n[2] / n[1], e: n[3], f: n[3])
                case 3: self = .formula(g: n[0], a: n[1], b: n[2], c: n[3], d: n[4], e: 0, f: 0)
                default: self = .formula(g: n[0], a: n[1], b: n[2], c: n[3], d: n[4], e: n[5], f: n[6])
                }
            } else {
                return nil
            }
        }

        private static func gamma(_ exponent: Double) -> Curve {
            .formula(g: exponent, a: 1, b: 0, c: 0, d: 0, e: 0, f: 0)
        }

        /// Returns the light in `0...1` for a stored value in `0...1`.
        func light(_ x: Double) -> Double {
            let light: Double
            switch self {
            case .table(let values):
                let position = x * Double(values.count - 1)
                let lower = min(Int(position), values.count - 2)
                light = values[lower] + (position - Double(lower)) * (values[lower + 1] - values[lower])
            case .formula(let g, let a, let b, let c, let d, let e, let f):
                light = x >= d ? pow(max(0, a * x + b), g) + e : c * x + f
            }
            // NaN becomes 0 as well.
            return light > 0 ? min(light, 1) : 0
        }
    }

    /// The constants of sRGB.
    ///
    /// - SeeAlso: IEC 61966-2-1.
    private enum SRGB {
        /// X, Y and Z of red, green and blue, adapted to D50 as a profile stores them.
        static let colorants = [0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.71410]
        /// The inverse matrix, from XYZ to RGB, row by row.
        static let fromXYZ = [
            3.1338561, -1.6168667, -0.4906146, -0.9787684, 1.9161415, 0.0334540, 0.0719453, -0.2289914, 1.4052427,
        ]
        /// Stored values for light in equal steps from 0 to 1.
        static let encoded = (0...PIXELS_LIGHT_STEPS).map { step in
            UInt8((255 * encode(Double(step) / Double(PIXELS_LIGHT_STEPS))).rounded())
        }

        /// Converts light in `0...1` to its stored value in `0...1`.
        static func encode(_ light: Double) -> Double {
            light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
        }
    }
}

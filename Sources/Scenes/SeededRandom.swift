/// SplitMix64: the same numbers for the same seed, everywhere and for ever.
///
/// Not one of the standard library's generators: what `random(in:using:)` and `shuffled(using:)` make of a generator's
/// bits may change with a release of Swift, and with it every picture.
/// - SeeAlso: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
package struct SeededRandom {
    private var state: UInt64

    /// Starts where the generator's authors start.
    package init(state: UInt64) {
        self.state = state
    }

    /// Starts one of the many sequences of a seed, each far from the others.
    package init(seed: UInt64, sequence: UInt64) {
        self.init(state: Self.mix(Self.mix(seed) ^ sequence))
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        var mixed = word
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number in `0..<1`.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A number of the range, each as likely.
    mutating func number(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    /// A whole number of the range, each as likely.
    package mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
    }

    /// Whether something happens that does so with this probability.
    mutating func chance(_ probability: Double) -> Bool {
        unit() < probability
    }

    /// One of the elements, each as likely.
    ///
    /// - Precondition: There is one.
    mutating func element<Element>(of elements: [Element]) -> Element {
        elements[integer(in: 0...(elements.count - 1))]
    }

    /// A whole number near 0 of variance 1 in units of ``deviation``: nearly normal, and without a logarithm, whose last
    /// digit differs between machines.
    package mutating func deviate() -> Int {
        var (word, sum) = (next(), 0)
        for _ in 0..<8 {
            sum += Int(word & 0xFF)
            word >>= 8
        }
        return sum - 1020
    }

    /// Standard deviation of ``deviate()``: of the sum of eight bytes, the square root of 8 · (256² − 1) / 12.
    package static let deviation = 209.0
}

/// SplitMix64, which produces the same numbers for a seed on every platform and in every release.
///
/// The standard library's `random(in:using:)` and `shuffled(using:)` are not used: a release of Swift may change how
/// they use a generator's bits, which would change every picture.
/// - SeeAlso: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
package struct SeededRandom {
    private var state: UInt64

    /// Creates a generator from its state, as in the reference implementation.
    package init(state: UInt64) {
        self.state = state
    }

    /// Creates one of the many independent sequences of a seed.
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

    /// Returns a uniform number in `0..<1`.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Returns a uniform number in a range.
    mutating func number(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    /// Returns a uniform integer in a range.
    package mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
    }

    /// Returns true with the given probability.
    mutating func chance(_ probability: Double) -> Bool {
        unit() < probability
    }

    /// Returns one of the elements with equal probability.
    ///
    /// - Precondition: `elements` is not empty.
    mutating func element<Element>(of elements: [Element]) -> Element {
        elements[integer(in: 0...(elements.count - 1))]
    }

    /// Returns a nearly normal integer with mean 0 and standard deviation ``deviation``.
    ///
    /// It is computed without logarithms, because their last digit differs between machines.
    package mutating func deviate() -> Int {
        var (word, sum) = (next(), 0)
        for _ in 0..<8 {
            sum += Int(word & 0xFF)
            word >>= 8
        }
        return sum - 1020
    }

    /// Standard deviation of ``deviate()``, a sum of eight uniform bytes: the square root of 8 · (256² − 1) / 12.
    package static let deviation = 209.0
}

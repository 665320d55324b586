import Scenes
import Testing

@Suite struct SeededRandomTests {
    @Test("the numbers match the reference implementation of SplitMix64")
    func reference() {
        // Output of the generator's C source, https://prng.di.unimi.it/splitmix64.c, from the state 1234567.
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        var random = SeededRandom(state: 1_234_567)
        #expect(expected.map { _ in random.next() } == expected)
    }

    @Test("different sequences of a seed, and the same sequence of different seeds, share no numbers")
    func sequences() {
        var numbers: Set<UInt64> = []
        for seed in 0..<20 as Range<UInt64> {
            for sequence in 0..<20 as Range<UInt64> {
                var random = SeededRandom(seed: seed, sequence: sequence)
                for _ in 0..<20 { numbers.insert(random.next()) }
            }
        }
        #expect(numbers.count == 20 * 20 * 20)
    }

    @Test("integers are uniform and include both ends of the range")
    func integers() {
        var random = SeededRandom(state: 1)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[random.integer(in: -3...3) + 3] += 1 }
        // Five standard deviations of the binomial distribution: sqrt(70000 · 1/7 · 6/7) = 93.
        #expect(counts.allSatisfy { (9_535...10_465).contains($0) }, "\(counts)")
    }

    @Test("deviates have the documented mean and standard deviation")
    func deviates() {
        var random = SeededRandom(state: 2)
        let deviates = (0..<100_000).map { _ in Double(random.deviate()) / SeededRandom.deviation }
        let mean = deviates.reduce(0, +) / 100_000
        let variance = deviates.reduce(0) { $0 + $1 * $1 } / 100_000 - mean * mean
        #expect(abs(mean) < 0.02)
        #expect(abs(variance - 1) < 0.03)
    }
}

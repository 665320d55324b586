/// A canonical prefix code for given symbol frequencies.
///
/// - SeeAlso: RFC 1951, section 3.2.2.
struct HuffmanCode {
    /// Maximum length of a code word in bits.
    static let maximumLength = 12

    /// Length of each symbol's code word in bits; 0 for a symbol that does not occur.
    let lengths: [UInt8]
    /// Each symbol's code word, with the first bit lowest.
    let words: [UInt16]

    /// - Parameter frequencies: How often each symbol occurs; at least two must occur.
    init(frequencies: [Int]) {
        let symbols = frequencies.indices.filter { frequencies[$0] > 0 }.sorted { frequencies[$0] > frequencies[$1] }
        precondition((2...(1 << Self.maximumLength)).contains(symbols.count), "a code needs at least two symbols")
        let counts = Self.countsByLength(symbols.reversed().map { frequencies[$0] })

        var lengths = [UInt8](repeating: 0, count: frequencies.count)
        var rest = symbols[...]
        for length in 1...Self.maximumLength {
            for symbol in rest.prefix(counts[length]) { lengths[symbol] = UInt8(length) }
            rest = rest.dropFirst(counts[length])
        }

        var next = [UInt16](repeating: 0, count: Self.maximumLength + 2)
        for length in 1...Self.maximumLength { next[length + 1] = (next[length] + UInt16(counts[length])) << 1 }
        var words = [UInt16](repeating: 0, count: frequencies.count)
        for symbol in lengths.indices where lengths[symbol] > 0 {
            let length = Int(lengths[symbol])
            words[symbol] = Self.reversed(next[length], count: length)
            next[length] += 1
        }
        self.lengths = lengths
        self.words = words
    }

    /// Returns the number of code words of each length, for frequencies in ascending order.
    private static func countsByLength(_ frequencies: [Int]) -> [Int] {
        // Huffman's algorithm with two queues: leaves, and inner nodes, which are created in ascending order, too.
        let leafCount = frequencies.count
        var weights = frequencies
        var parents = [Int](repeating: 0, count: 2 * leafCount - 1)
        var leaf = 0
        var node = leafCount
        while weights.count < 2 * leafCount - 1 {
            var weight = 0
            for _ in 0..<2 {
                let takesLeaf = node == weights.count || leaf < leafCount && weights[leaf] <= weights[node]
                let lightest = takesLeaf ? leaf : node
                if takesLeaf { leaf += 1 } else { node += 1 }
                weight += weights[lightest]
                parents[lightest] = weights.count
            }
            weights.append(weight)
        }

        var depths = [Int](repeating: 0, count: weights.count)
        var counts = [Int](repeating: 0, count: maximumLength + 1)
        for index in (0..<(weights.count - 1)).reversed() {
            depths[index] = depths[parents[index]] + 1
            if index < leafCount { counts[min(depths[index], maximumLength)] += 1 }
        }

        // Capping the lengths violates Kraft's inequality: lengthen other code words until it holds.
        var used = (1...maximumLength).reduce(0) { $0 + counts[$1] << (maximumLength - $1) }
        while used > 1 << maximumLength {
            counts[maximumLength] -= 1
            if let length = (1..<maximumLength).last(where: { counts[$0] > 0 }) {
                counts[length] -= 1
                counts[length + 1] += 2
            }
            used -= 1
        }
        return counts
    }

    /// Returns the lowest `count` bits in reverse order.
    static func reversed(_ word: UInt16, count: Int) -> UInt16 {
        (0..<count).reduce(0) { $0 << 1 | word >> UInt16($1) & 1 }
    }
}

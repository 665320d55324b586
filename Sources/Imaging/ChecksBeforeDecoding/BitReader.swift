/// Reads unsigned numbers of any bit count, the most significant bit first.
struct BitReader {
    /// Thrown when the bytes end before the number does.
    struct Overrun: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads an unsigned number of `count` bits, at most 32.
    mutating func bits(_ count: Int) throws(Overrun) -> Int {
        guard count <= bytes.count * 8 - position else { throw Overrun() }
        var value = 0
        for _ in 0..<count {
            value = value << 1 | Int(bytes[position >> 3] >> (7 - UInt8(position & 7)) & 1)
            position += 1
        }
        return value
    }

    /// Reads one bit.
    mutating func flag() throws(Overrun) -> Bool { try bits(1) == 1 }

    /// Skips `count` bits.
    mutating func skip(_ count: Int) throws(Overrun) {
        guard count <= bytes.count * 8 - position else { throw Overrun() }
        position += count
    }

    /// Reads an unsigned Exp-Golomb number: its prefix has as many zeros, at most 31, as bits follow the first one.
    mutating func exponentialGolomb() throws(Overrun) -> Int {
        var zeros = 0
        while try !flag() {
            zeros += 1
            guard zeros < 32 else { throw Overrun() }
        }
        return try (1 << zeros) - 1 + bits(zeros)
    }
}

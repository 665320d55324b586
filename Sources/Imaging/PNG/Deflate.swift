/// Compresses filtered rows of a picture with a Huffman code per block; the only repetitions used are runs of one byte.
///
/// Photographs have almost no other repetitions, and searching for them takes most of the time.
/// - SeeAlso: RFC 1951.
enum Deflate {
    /// Bytes per block: the maximum of a stored block, which a block that does not shrink becomes.
    private static let blockLength = 65_535
    private static let endOfBlock = 256
    /// Literals, the end of the block, and 29 length codes.
    private static let symbolCount = 286
    /// Shorter runs are cheaper as literals.
    private static let shortestRun = 4
    private static let longestRun = 258
    /// Literals taken at once if no run begins, before searching for one again.
    private static let literalsAtOnce = 4

    /// Returns the maximum number of bytes that ``compress(_:into:)`` writes.
    static func maximumByteCount(for byteCount: Int) -> Int {
        // A stored block adds five bytes, and up to one more for the bits before it.
        byteCount + (byteCount / blockLength + 1) * 6 + BitWriter.slack
    }

    /// Appends all bytes as a stream of blocks; stops after one of them if the task is cancelled.
    static func compress(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteWriter) {
        output.append(atMost: maximumByteCount(for: bytes.count)) { buffer in
            var bits = BitWriter(buffer)
            var start = 0
            repeat {
                let end = min(start + blockLength, bytes.count)
                let block = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start..<end]))
                compress(block, isLast: end == bytes.count, into: &bits)
                start = end
            } while start < bytes.count && !Task.isCancelled
            return bits.finish()
        }
    }

    private static func compress(_ block: UnsafeRawBufferPointer, isLast: Bool, into bits: inout BitWriter) {
        let frequencies = countSymbols(in: block)
        let code = HuffmanCode(frequencies: frequencies)
        // Each code length in the header takes four bits, and each use of the distance 1 takes one.
        var bitCount = 17 + 19 * 3 + 4 * (symbolCount + 1)
        for (symbol, frequency) in frequencies.enumerated() {
            let extra = symbol > endOfBlock ? lengthSymbols[symbol - 257].extraBits + 1 : 0
            bitCount += frequency * (Int(code.lengths[symbol]) + extra)
        }
        bits.append(isLast ? 1 : 0, count: 1)
        if bitCount < 8 * block.count {
            bits.append(2, count: 2)
            writeLengths(of: code, into: &bits)
            writeSymbols(of: block, code, into: &bits)
        } else {
            bits.append(0, count: 2)
            bits.append(stored: block)
        }
    }

    private static func countSymbols(in block: UnsafeRawBufferPointer) -> [Int] {
        // One table for each of the literals taken at once: incrementing the same entry twice in a row would stall.
        var counts = [UInt32](repeating: 0, count: literalsAtOnce * symbolCount)
        counts.withUnsafeMutableBufferPointer { counts in
            var index = 0
            while index < block.count {
                let run = runLength(in: block, at: index)
                if run > 0 {
                    counts[Int(symbolsByLength[run])] &+= 1
                    index &+= run
                } else if index &+ literalsAtOnce <= block.count {
                    counts[Int(block[index])] &+= 1
                    counts[symbolCount &+ Int(block[index &+ 1])] &+= 1
                    counts[2 &* symbolCount &+ Int(block[index &+ 2])] &+= 1
                    counts[3 &* symbolCount &+ Int(block[index &+ 3])] &+= 1
                    index &+= literalsAtOnce
                } else {
                    counts[Int(block[index])] &+= 1
                    index &+= 1
                }
            }
        }
        var frequencies = (0..<symbolCount).map { symbol in
            (0..<literalsAtOnce).reduce(0) { $0 + Int(counts[$1 * symbolCount + symbol]) }
        }
        frequencies[endOfBlock] = 1
        // A code needs two symbols, so an empty block gets one that is never used.
        if block.isEmpty { frequencies[0] = 1 }
        return frequencies
    }

    private static func writeLengths(of code: HuffmanCode, into bits: inout BitWriter) {
        bits.append(UInt64(symbolCount - 257), count: 5)
        bits.append(0, count: 5)
        bits.append(15, count: 4)
        // The lengths are also written in a code: four bits for each of 0...15, without repetitions (16, 17, 18). This
        // takes a hundred bytes per block more than the minimum, but needs no second Huffman code.
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
            bits.append(symbol < 16 ? 4 : 0, count: 3)
        }
        for length in code.lengths + [1] {
            bits.append(UInt64(HuffmanCode.reversed(UInt16(length), count: 4)), count: 4)
        }
    }

    private static func writeSymbols(
        of block: UnsafeRawBufferPointer,
        _ code: HuffmanCode,
        into bits: inout BitWriter
    ) {
        let packed = zip(code.words, code.lengths).map(BitWriter.Word.init)
        packed.withUnsafeBufferPointer { packed in
            var index = 0
            while index < block.count {
                let run = runLength(in: block, at: index)
                if run > 0 {
                    let symbol = Int(symbolsByLength[run])
                    let (base, extraBits) = lengthSymbols[symbol - 257]
                    bits.append(packed[symbol])
                    // The code word of the only distance is a zero bit after the extra bits.
                    bits.append(UInt64(run - base), count: UInt64(extraBits + 1))
                    index &+= run
                } else if index &+ literalsAtOnce <= block.count {
                    bits.append(
                        packed[Int(block[index])],
                        packed[Int(block[index &+ 1])],
                        packed[Int(block[index &+ 2])],
                        packed[Int(block[index &+ 3])]
                    )
                    index &+= literalsAtOnce
                } else {
                    bits.append(packed[Int(block[index])])
                    index &+= 1
                }
            }
            bits.append(packed[endOfBlock])
        }
    }

    /// Returns how many bytes from `index` on repeat the previous byte, in `4...258`; 0 if there are fewer.
    @inline(__always)
    private static func runLength(in block: UnsafeRawBufferPointer, at index: Int) -> Int {
        guard index > 0, index &+ shortestRun <= block.count,
            block.loadUnaligned(fromByteOffset: index, as: UInt32.self)
                == block.loadUnaligned(fromByteOffset: index &- 1, as: UInt32.self)
        else { return 0 }
        let limit = min(longestRun, block.count &- index)
        var length = shortestRun
        while length < limit, block[index &+ length] == block[index] { length &+= 1 }
        return length
    }

    /// Shortest run of each symbol from 257 on, and the number of extra bits that encode longer ones.
    private static let lengthSymbols: [(base: Int, extraBits: Int)] = {
        var symbols: [(base: Int, extraBits: Int)] = []
        var base = 3
        for index in 0..<28 {
            let extraBits = max(0, index / 4 - 1)
            symbols.append((base, extraBits))
            base += 1 << extraBits
        }
        // The longest run has a separate symbol, although the previous one could encode it, too.
        return symbols + [(longestRun, 0)]
    }()

    private static let symbolsByLength: [UInt16] = (0...longestRun).map { length in
        UInt16(257 + (lengthSymbols.lastIndex { $0.base <= length } ?? 0))
    }
}

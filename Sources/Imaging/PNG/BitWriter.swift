/// Writes bits into bytes from the lowest bit up, as deflate requires.
struct BitWriter {
    /// Bytes of room that the buffer must have beyond the bytes finally written.
    static let slack = 8

    /// A code word and its number of bits, packed into one number so that one look-up finds both.
    struct Word {
        private let packed: UInt32

        init(bits: UInt16, count: UInt8) {
            packed = UInt32(bits) | UInt32(count) << 16
        }

        var bits: UInt64 { UInt64(packed & 0xFFFF) }
        var count: UInt64 { UInt64(packed &>> 16) }
    }

    private let buffer: UnsafeMutableRawBufferPointer
    private var byteCount = 0
    private var pending: UInt64 = 0
    /// Number of pending bits; in `0...7` between two calls.
    private var pendingCount: UInt64 = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = UnsafeMutableRawBufferPointer(buffer)
    }

    /// Appends the lowest `count` bits, in `0...56`; higher bits must be 0.
    @inline(__always)
    mutating func append(_ bits: UInt64, count: UInt64) {
        pending |= bits &<< pendingCount
        pendingCount &+= count
        // Always store, and advance by the complete bytes: a branch on their number could not be predicted.
        buffer.storeBytes(of: pending.littleEndian, toByteOffset: byteCount, as: UInt64.self)
        byteCount &+= Int(truncatingIfNeeded: pendingCount &>> 3)
        pending &>>= pendingCount & ~7
        pendingCount &= 7
    }

    @inline(__always)
    mutating func append(_ word: Word) {
        append(word.bits, count: word.count)
    }

    /// Appends four code words with at most 48 bits in total.
    ///
    /// This is faster than four calls, each of which would have to wait for the previous one.
    @inline(__always)
    mutating func append(_ first: Word, _ second: Word, _ third: Word, _ fourth: Word) {
        let low = first.bits | second.bits &<< first.count
        let high = third.bits | fourth.bits &<< third.count
        let lowCount = first.count &+ second.count
        append(low | high &<< lowCount, count: lowCount &+ third.count &+ fourth.count)
    }

    /// Appends the rest of a stored block: zeros up to a byte boundary, the length and its complement, the bytes.
    mutating func append(stored block: UnsafeRawBufferPointer) {
        flush()
        let length = UInt32(block.count)
        append(UInt64(length | (length ^ 0xFFFF) << 16), count: 32)
        precondition(block.count <= buffer.count - byteCount, "the buffer is too small")
        UnsafeMutableRawBufferPointer(rebasing: buffer[byteCount...]).copyMemory(from: block)
        byteCount += block.count
    }

    /// Pads the last byte with zeros.
    ///
    /// - Returns: The number of bytes written.
    mutating func finish() -> Int {
        flush()
        return byteCount
    }

    private mutating func flush() {
        if pendingCount > 0 { append(0, count: 8 - pendingCount) }
    }
}

/// Adler-32 as the zlib format uses it (RFC 1950).
enum Adler32 {
    /// Returns the checksum of `bytes`.
    static func checksum(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let modulus: UInt32 = 65521
        var low: UInt32 = 1
        var high: UInt32 = 0
        var start = 0
        // `high` is the sum of every intermediate `low`. A run of n bytes adds n times the old `low`, and each byte
        // times the number of bytes from it to the end of the run. This sum can be vectorised; for 4096 bytes it fits
        // 32 bits.
        while start < bytes.count {
            let count = min(4096, bytes.count - start)
            let run = UnsafeBufferPointer(rebasing: bytes[start..<(start + count)])
            var sum: UInt32 = 0
            var weighted: UInt32 = 0
            for index in 0..<count {
                let byte = UInt32(run[index])
                sum &+= byte
                weighted &+= byte &* UInt32(truncatingIfNeeded: count &- index)
            }
            high = (high &+ low &* UInt32(count) % modulus &+ weighted % modulus) % modulus
            low = (low &+ sum) % modulus
            start += count
        }
        return high << 16 | low
    }
}

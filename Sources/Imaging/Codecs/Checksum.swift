/// The two checksums in a PNG.
enum Checksum {
    /// Adler-32 of zlib's format, RFC 1950.
    static func adler32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let modulus: UInt32 = 65521
        var low: UInt32 = 1
        var high: UInt32 = 0
        var start = 0
        // `high` sums up every intermediate `low`. Over a run of n bytes that is n times the old `low`, and each byte
        // as often as there are bytes from it to the end: a sum that can be vectorised. Of 4096 bytes it fits 32 bits.
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

    /// CRC-32 of PNG, ISO 3309.
    static func crc32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = UInt32.max
            var index = 0
            let raw = UnsafeRawBufferPointer(bytes)
            while index &+ 16 <= raw.count {
                let first = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(crc)
                let second = raw.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self).littleEndian
                crc = 0
                for byte in 0..<8 {
                    crc ^= table[(15 &- byte) &* 256 &+ Int(truncatingIfNeeded: first >> UInt64(8 &* byte) & 255)]
                    crc ^= table[(7 &- byte) &* 256 &+ Int(truncatingIfNeeded: second >> UInt64(8 &* byte) & 255)]
                }
                index &+= 16
            }
            while index < raw.count {
                crc = table[Int(truncatingIfNeeded: (crc ^ UInt32(raw[index])) & 255)] ^ crc >> 8
                index &+= 1
            }
            return ~crc
        }
    }

    /// The remainders of every byte, followed by 0 to 15 zero bytes: sixteen bytes are looked up at once.
    private static let tables: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
            table[byte] = crc
        }
        for index in 256..<table.count {
            let crc = table[index - 256]
            table[index] = table[Int(crc & 255)] ^ crc >> 8
        }
        return table
    }()
}

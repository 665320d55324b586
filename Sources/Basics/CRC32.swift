/// CRC-32 as zip and PNG files use it (ISO 3309, reflected polynomial 0xEDB88320).
package enum CRC32 {
    /// Returns the checksum of `bytes`.
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = UInt32.max
            var index = 0
            while index &+ 16 <= bytes.count {
                let first = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(crc)
                let second = bytes.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self).littleEndian
                crc = 0
                for byte in 0..<8 {
                    crc ^= table[(15 &- byte) &* 256 &+ Int(truncatingIfNeeded: first >> UInt64(8 &* byte) & 255)]
                    crc ^= table[(7 &- byte) &* 256 &+ Int(truncatingIfNeeded: second >> UInt64(8 &* byte) & 255)]
                }
                index &+= 16
            }
            while index < bytes.count {
                crc = table[Int(truncatingIfNeeded: (crc ^ UInt32(bytes[index])) & 255)] ^ crc >> 8
                index &+= 1
            }
            return ~crc
        }
    }

    /// Remainders of every byte value followed by 0 to 15 zero bytes, so that sixteen bytes are processed per step.
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

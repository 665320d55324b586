/// The checksum of zip files, ISO 3309.
enum CRC32 {
    /// The checksum of some bytes.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = UInt32.max
            var index = 0
            while index &+ 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(crc)
                crc = 0
                for byte in 0..<8 {
                    crc ^= table[(7 &- byte) &* 256 &+ Int(truncatingIfNeeded: word >> UInt64(8 &* byte) & 255)]
                }
                index &+= 8
            }
            while index < bytes.count {
                crc = table[Int(truncatingIfNeeded: (crc ^ UInt32(bytes[index])) & 255)] ^ crc >> 8
                index &+= 1
            }
            return ~crc
        }
    }

    /// The remainders of every byte, followed by 0 to 7 zero bytes: eight bytes are looked up at once.
    private static let tables: [UInt32] = {
        var table: [UInt32] = []
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
            table.append(crc)
        }
        for index in 256..<(8 * 256) {
            let crc = table[index - 256]
            table.append(table[Int(crc & 255)] ^ crc >> 8)
        }
        return table
    }()
}

/// Reads the EXIF metadata of a JPEG.
///
/// - SeeAlso: CIPA DC-008, EXIF 2.32, sections 4.5.2 and 4.6.2.
enum EXIF {
    /// Returns the orientation of the picture: tag 274.
    ///
    /// - Parameter segment: The bytes of a segment, starting with `Exif`.
    /// - Returns: `1...8`; 1 (upright) if the tag is missing or invalid.
    static func orientation(in segment: RawSpan) -> Int {
        let start = 6
        let isLittleEndian = segment.has("II", at: start)
        func integer(at offset: Int, size: Int) -> Int? {
            segment.integer(at: offset, size: size, isLittleEndian: isLittleEndian)
        }
        guard segment.has("Exif\0\0"), isLittleEndian || segment.has("MM", at: start),
            integer(at: start + 2, size: 2) == 42, let directory = integer(at: start + 4, size: 4),
            let count = integer(at: start + directory, size: 2)
        else { return 1 }
        for entry in 0..<count {
            let offset = start + directory + 2 + 12 * entry
            guard let tag = integer(at: offset, size: 2) else { return 1 }
            guard tag == 274 else { continue }
            // The tag has 16 bits (type 3), but some writers use 32 (type 4).
            guard let type = integer(at: offset + 2, size: 2), type == 3 || type == 4,
                integer(at: offset + 4, size: 4) == 1,
                let value = integer(at: offset + 8, size: type == 3 ? 2 : 4), (1...8).contains(value)
            else { return 1 }
            return value
        }
        return 1
    }
}

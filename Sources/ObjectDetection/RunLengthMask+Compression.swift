/// Number of value bits in a digit.
///
/// Each run is encoded as its difference from the run two before it, in base-32 digits with a continuation bit, least
/// significant first.
private let digitBits = 5
private let digitMask = 0b01_1111
/// Set in the last digit if the number is negative.
private let signBit = 0b01_0000
/// Set in every digit but the last.
private let continuationBit = 0b10_0000
/// Character of the digit 0; a digit's value is added to it.
private let firstCharacter = UInt8(ascii: "0")
/// Number of leading runs encoded as they are, including the third, although there is a run two before it.
private let absoluteRuns = 3
/// Maximum number of digits; enough for the difference of any two runs of the largest picture.
private let maximumDigits = 7

extension RunLengthMask {
    /// Creates a mask from COCO's compressed string.
    ///
    /// Time and memory are proportional to the length of the string, regardless of the size of the picture.
    /// - Returns: nil if the string is malformed or does not fill a picture of this size.
    public init?(width: Int, height: Int, compressedCounts: String) {
        guard let pixelCount = Self.pixelCount(width: width, height: height) else { return nil }
        var counts: [Int] = []
        var remaining = pixelCount
        var (value, digits) = (0, 0)
        for character in compressedCounts.utf8 {
            guard (firstCharacter..<firstCharacter + 64).contains(character), digits < maximumDigits else { return nil }
            let digit = Int(character - firstCharacter)
            value |= (digit & digitMask) << (digitBits * digits)
            digits += 1
            guard digit & continuationBit == 0 else { continue }

            if digit & signBit != 0 { value |= -1 << (digitBits * digits) }
            if counts.count >= absoluteRuns { value += counts[counts.count - 2] }
            guard (0...remaining).contains(value) else { return nil }
            remaining -= value
            counts.append(value)
            (value, digits) = (0, 0)
        }
        guard digits == 0, remaining == 0 else { return nil }
        self.init(width: width, height: height, counts: counts)
    }

    /// The runs as COCO's compressed string, identical to that of pycocotools.
    public var compressedCounts: String {
        var characters: [UInt8] = []
        characters.reserveCapacity(2 * counts.count)
        for (index, count) in counts.enumerated() {
            var value = index < absoluteRuns ? count : count - counts[index - 2]
            while true {
                let digit = value & digitMask
                value >>= digitBits
                let isLast = value == (digit & signBit == 0 ? 0 : -1)
                characters.append(firstCharacter + UInt8(isLast ? digit : digit | continuationBit))
                if isLast { break }
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }
}

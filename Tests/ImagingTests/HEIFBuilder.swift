/// Writes HEIF files with one item, valid or not.
struct HEIFBuilder {
    /// The item's type.
    var kind = "av01"
    /// The item's bytes.
    var data: [UInt8] = []
    /// The decoder configuration boxes.
    var properties: [UInt8] = []
    /// How often the item is declared.
    var copies = 1
    /// Error in bytes of the item's offset.
    var shift = 0
    /// What the item's offset is relative to: 0 for the file, 1 for the item data, 2 for another item.
    var method: UInt8 = 1

    var bytes: [UInt8] {
        var locations: [UInt8] = []
        var kinds: [UInt8] = []
        for item in 1...copies {
            locations += Self.number(item, 2) + [0, method, 0, 0, 0, 1]
            locations += Self.number(shift, 4) + Self.number(data.count, 4)
            kinds += Self.box("infe", [2, 0, 0, 0] + Self.number(item, 2) + [0, 0] + Array(kind.utf8) + [0])
        }
        let meta =
            Self.box("pitm", [0, 0, 0, 0, 0, 1])
            + Self.box("iinf", [0, 0, 0, 0] + Self.number(copies, 2) + kinds)
            + Self.box("iloc", [1, 0, 0, 0, 0x44, 0] + Self.number(copies, 2) + locations)
            + Self.box("iprp", Self.box("ipco", properties))
            + Self.box("idat", data)
        let brand = kind == "av01" ? "avif" : "heic"
        return Self.box("ftyp", Array("\(brand)\0\0\0\0mif1\(brand)".utf8)) + Self.box("meta", [0, 0, 0, 0] + meta)
    }

    static func box(_ kind: String, _ content: [UInt8]) -> [UInt8] {
        number(content.count + 8, 4) + Array(kind.utf8) + content
    }

    static func number(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// Packs numbers of the given bit counts into bytes, padded with zeros to a complete byte.
    static func bits(_ fields: [(value: Int, count: Int)]) -> [UInt8] {
        var digits = fields.map { field in
            let text = String(field.value, radix: 2)
            return String(repeating: "0", count: field.count - text.count) + text
        }.joined()
        digits += String(repeating: "0", count: (8 - digits.count % 8) % 8)
        return stride(from: 0, to: digits.count, by: 8).map { start in
            UInt8(digits.dropFirst(start).prefix(8), radix: 2) ?? 0
        }
    }

    /// Returns a number in Exp-Golomb code, as a field for ``bits(_:)``.
    static func exponentialGolomb(_ value: Int) -> (value: Int, count: Int) {
        (value + 1, 2 * String(value + 1, radix: 2).count - 1)
    }
}

/// The items that the boxes of a HEIF file declare: pictures, parts of pictures, and related data.
///
/// They serve to check sizes before a codec runs; nothing is decoded here. libheif reads the same boxes.
///
/// - SeeAlso: ISO/IEC 14496-12, 4.2 (boxes), 8.11 (meta box, item location and information).
struct HEIFItems {
    /// Thrown when boxes contradict each other, or are more than any program writes.
    struct Malformed: Error {}

    /// Four-character type of a box or an item.
    struct Kind: Hashable, ExpressibleByStringLiteral {
        private let code: UInt32

        init(code: UInt32) { self.code = code }

        init(stringLiteral text: StaticString) {
            precondition(text.utf8CodeUnitCount == 4)
            code = text.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt32($1) } }
        }
    }

    /// Location of an item's bytes, in one or more extents.
    struct Location {
        var item: Int
        var extents: [Range<Int>]
        /// Whether the file gives the extents relative to the item data box (`idat`).
        var isInItemData: Bool
    }

    /// Maximum number of boxes, items and extents together; the same number as in libheif.
    private static let maximumCount = 20_000

    /// Types declared for each item; more than one only in files made to mislead.
    private(set) var kinds: [Int: Set<Kind>] = [:]
    private(set) var locations: [Location] = []
    /// Types and contents of the decoder configuration boxes.
    private(set) var configurations: [(kind: Kind, content: Range<Int>)] = []

    private var itemData: Range<Int>?
    private var count = 0

    /// Reads the boxes of a file.
    init(_ bytes: RawSpan) throws(Malformed) {
        try eachBox(in: 0..<bytes.byteCount, of: bytes) { kind, content, items throws(Malformed) in
            if kind == "meta" { try items.readChildren(of: content, in: bytes) }
        }
        for index in locations.indices where locations[index].isInItemData {
            guard let itemData else { throw Malformed() }
            locations[index].extents = try locations[index].extents.map { extent throws(Malformed) in
                guard extent.upperBound <= itemData.count else { throw Malformed() }
                return (extent.lowerBound + itemData.lowerBound)..<(extent.upperBound + itemData.lowerBound)
            }
        }
    }

    /// Calls `body` with the type and content of each box in a range.
    private mutating func eachBox(
        in range: Range<Int>,
        of bytes: RawSpan,
        _ body: (Kind, Range<Int>, inout HEIFItems) throws(Malformed) -> Void
    ) throws(Malformed) {
        var offset = range.lowerBound
        while let size = bytes.bigEndian32(at: offset), let code = bytes.bigEndian32(at: offset + 4),
            offset + 8 <= range.upperBound
        {
            try countOne()
            var header = 8
            var length = Int(size)
            if size == 1 {
                header = 16
                length = bytes.integer(at: offset + 8, size: 8, isLittleEndian: false) ?? 0
            } else if size == 0 {
                length = range.upperBound - offset
            }
            let kind = Kind(code: code)
            guard length >= header, length <= range.upperBound - offset else {
                // Phones append data that is not a box.
                if range.upperBound == bytes.byteCount, range.lowerBound == 0, kind != "meta" { return }
                throw Malformed()
            }
            try body(kind, (offset + header)..<(offset + length), &self)
            offset += length
        }
    }

    private mutating func readChildren(of meta: Range<Int>, in bytes: RawSpan) throws(Malformed) {
        var fields = HEIFFields(meta)
        try fields.part(4)
        try eachBox(in: fields.rest, of: bytes) { kind, content, items throws(Malformed) in
            switch kind {
            case "iinf": try items.readInformation(content, in: bytes)
            case "iloc": try items.readLocations(content, in: bytes)
            case "idat": items.itemData = content
            case "iprp":
                try items.eachBox(in: content, of: bytes) { kind, content, items throws(Malformed) in
                    if kind == "ipco" { try items.readProperties(content, in: bytes) }
                }
            default: break
            }
        }
    }

    private mutating func readProperties(_ content: Range<Int>, in bytes: RawSpan) throws(Malformed) {
        try eachBox(in: content, of: bytes) { kind, content, items in
            if kind == "hvcC" || kind == "av1C" { items.configurations.append((kind, content)) }
        }
    }

    private mutating func readInformation(_ content: Range<Int>, in bytes: RawSpan) throws(Malformed) {
        var fields = HEIFFields(content)
        let version = try fields.integer(1, in: bytes)
        try fields.part(3 + (version == 0 ? 2 : 4))
        try eachBox(in: fields.rest, of: bytes) { kind, content, items throws(Malformed) in
            guard kind == "infe" else { return }
            var fields = HEIFFields(content)
            let version = try fields.integer(1, in: bytes)
            // Earlier versions have no item type.
            guard version >= 2 else { return }
            try fields.part(3)
            let item = try fields.integer(version == 2 ? 2 : 4, in: bytes)
            try fields.part(2)
            let code = UInt32(truncatingIfNeeded: try fields.integer(4, in: bytes))
            items.kinds[item, default: []].insert(Kind(code: code))
        }
    }

    private mutating func readLocations(_ content: Range<Int>, in bytes: RawSpan) throws(Malformed) {
        var fields = HEIFFields(content)
        let version = try fields.integer(1, in: bytes)
        try fields.part(3)
        let sizes = try fields.integer(2, in: bytes)
        let (offsetSize, lengthSize) = (sizes >> 12, sizes >> 8 & 15)
        let (baseSize, indexSize) = (sizes >> 4 & 15, version == 0 ? 0 : sizes & 15)
        let idSize = version < 2 ? 2 : 4
        for _ in 0..<(try fields.integer(idSize, in: bytes)) {
            try countOne()
            let item = try fields.integer(idSize, in: bytes)
            let method = try version == 0 ? 0 : fields.integer(2, in: bytes) & 15
            // Method 2 refers to another item: no program writes it, and libheif does not read it.
            guard method < 2 else { throw Malformed() }
            try fields.part(2)
            let base = try fields.integer(baseSize, in: bytes)
            var extents: [Range<Int>] = []
            for _ in 0..<(try fields.integer(2, in: bytes)) {
                try countOne()
                try fields.part(indexSize)
                let (start, overflow) = try base.addingReportingOverflow(fields.integer(offsetSize, in: bytes))
                let length = try fields.integer(lengthSize, in: bytes)
                guard !overflow, start <= bytes.byteCount, length <= bytes.byteCount - start else { throw Malformed() }
                extents.append(start..<(start + length))
            }
            locations.append(Location(item: item, extents: extents, isInItemData: method == 1))
        }
    }

    private mutating func countOne() throws(Malformed) {
        count += 1
        guard count <= Self.maximumCount else { throw Malformed() }
    }
}

/// How much smaller ffmpeg makes pictures before they are read.
package enum VideoScaling {
    private static let reductions = [8, 4, 2]
    /// Sides from which pictures keep their full size; no picture is larger.
    private static let unlimitedSide = 1 << 20

    /// How many pixels become one in either direction: 1, 2, 4 or 8.
    ///
    /// The reduced picture has exactly the needed size, or a quarter more: scaling from one that is barely larger blurs it.
    package static func reduction(width: Int, height: Int, forSide side: Int) -> Int {
        guard side < unlimitedSide else { return 1 }
        let longer = max(width, height)
        return reductions.first { longer == $0 * side || longer * 4 / (5 * $0) >= side } ?? 1
    }

    /// The same as a filter of ffmpeg, which knows the size when the first picture is decoded.
    static func filter(forSide side: Int) -> String {
        guard side < unlimitedSide else { return "null" }
        let reduction = reductions.reversed().reduce("1") { rest, reduction in
            let longer = "max(iw,ih)"
            let fits = "eq(\(longer),\(reduction * side))+gte(trunc(\(longer)*4/\(5 * reduction)),\(side))"
            return "if(\(fits),\(reduction),\(rest))"
        }
        return "scale=w='ceil(iw/\(reduction))':h='ceil(ih/\(reduction))':flags=area"
    }
}

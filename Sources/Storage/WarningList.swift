/// Warnings for the log, at most 100 so that they stay readable.
struct WarningList {
    private static let maximumCount = 100

    private var warnings: [String] = []
    private var omitted = 0

    mutating func append(_ warning: String) {
        if warnings.count < Self.maximumCount {
            warnings.append(warning)
        } else {
            omitted += 1
        }
    }

    /// The first 100 warnings, and the number of those omitted.
    var texts: [String] { omitted == 0 ? warnings : warnings + ["\(omitted) more warnings were omitted"] }
}

/// Warnings for the log, few enough to read.
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

    /// The first hundred warnings and how many more there were.
    var texts: [String] { omitted == 0 ? warnings : warnings + ["\(omitted) more warnings of this kind"] }
}

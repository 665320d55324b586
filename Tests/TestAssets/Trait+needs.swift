package import Testing

extension Trait where Self == ConditionTrait {
    /// Skips a test, or a suite, where an asset is missing that it needs.
    package static func needs(_ assets: Asset...) -> Self {
        .enabled(
            if: Asset.mayUse(assets),
            "needs \(assets.map(\.description).joined(separator: ", ")): see make assets"
        )
    }
}

package import Testing

extension Trait where Self == ConditionTrait {
    /// Skips a test or suite if an asset that it needs is missing.
    package static func needs(_ assets: Asset...) -> Self {
        .enabled(
            if: Asset.mayUse(assets),
            "needs \(assets.map(\.description).joined(separator: ", ")): see make assets"
        )
    }
}

extension String {
    /// Replaces control, format and line-separator characters by `?`, for terminals, logs and labels.
    ///
    /// - Parameter limit: Maximum number of Unicode scalars; longer text is cut there and ends in an ellipsis.
    /// - Returns: The text on one line.
    package func printable(limit: Int = .max) -> String {
        let scalars = unicodeScalars.prefix(limit).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: Unicode.Scalar("?")
            default: scalar
            }
        }
        let text = String(String.UnicodeScalarView(scalars))
        return unicodeScalars.count > limit ? "\(text)…" : text
    }
}

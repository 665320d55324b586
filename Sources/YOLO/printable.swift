/// Text of a model's file as it can be printed and drawn: without control characters, and not endless.
func printable(_ text: String, limit: Int) -> String {
    let scalars = text.unicodeScalars.prefix(limit).map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: Unicode.Scalar("?")
        default: scalar
        }
    }
    return String(String.UnicodeScalarView(scalars))
}

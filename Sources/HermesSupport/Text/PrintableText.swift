extension StringProtocol {
    /// The text made fit for an error message: at most `limit` characters, control characters replaced. Text from a
    /// registry or a file can hold line breaks and terminal escapes.
    package func printable(_ limit: Int) -> String {
        var result = ""
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension StringProtocol {
    /// The text made fit for an error message: at most `limit` bytes of UTF-8, control characters replaced. Text from a
    /// registry or a file can hold line breaks, terminal escapes, and any number of marks on one letter.
    package func printable(_ limit: Int) -> String {
        var result = ""
        var count = 0
        for scalar in unicodeScalars {
            let isPrinted =
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: false
                default: true
                }
            let shown: Unicode.Scalar = isPrinted ? scalar : "?"
            count += UTF8.width(shown)
            guard count <= limit else { break }
            result.unicodeScalars.append(shown)
        }
        return result
    }
}

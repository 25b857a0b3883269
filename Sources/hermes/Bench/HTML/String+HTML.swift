import HermesSupport

extension String {
    /// The text as content or as the value of an attribute in quotes of an HTML or SVG element: one line of at most `limit` bytes
    /// without control characters, in which nothing is markup.
    func html(_ limit: Int = 500) -> String {
        var result = ""
        for scalar in printable(limit).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

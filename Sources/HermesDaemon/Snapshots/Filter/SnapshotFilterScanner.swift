import HermesSupport

/// Cuts a filter into its tokens, as containerd's scanner does.
///
/// What a character means depends on what came before: after an operator, all up to a comma or a space is a value.
struct SnapshotFilterScanner {
    enum Token: Equatable {
        case end, field, value, quoted, separator, comparison
        /// A character that begins nothing.
        case unexpected
        /// Text that is wrong in itself, and why.
        case illegal(String)
    }

    let scalars: [Unicode.Scalar]
    private(set) var position = 0
    private var expectsValue = false

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The next character; nil at the end.
    var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    /// The next token and where in `scalars` it is. Spaces before it are skipped.
    mutating func scan() -> (token: Token, range: Range<Int>) {
        while let scalar = peek, scalar.properties.isWhitespace { position += 1 }
        let start = position
        let token = scanToken()
        return (token, start..<position)
    }

    private mutating func scanToken() -> Token {
        guard let first = peek else { return .end }
        position += 1
        switch first {
        case "\0", "\u{fffd}": return .illegal("a character that no filter can hold")
        case "/", "|", "\"": return scanQuoted(first)
        case ",", ".":
            expectsValue = false
            return .separator
        case _ where first.isComparison:
            skip(while: \.isComparison)
            expectsValue = true
            return .comparison
        case _ where expectsValue:
            expectsValue = false
            // The first character of a value may be any.
            skip(while: \.isInValue)
            return .value
        case _ where first.isInField:
            skip(while: \.isInField)
            return .field
        default: return .unexpected
        }
    }

    private mutating func skip(while condition: (Unicode.Scalar) -> Bool) {
        while let scalar = peek, condition(scalar) { position += 1 }
    }

    /// Goes to the end of a quoted text. What its escapes mean is found out later; here they only must not end it.
    private mutating func scanQuoted(_ quote: Unicode.Scalar) -> Token {
        while let scalar = peek, scalar != "\n", scalar != "\0", scalar != "\u{fffd}" {
            position += 1
            if scalar == quote { return .quoted }
            if scalar == "\\", let escaped = peek, escaped != "\n" { position += 1 }
        }
        return .illegal("a quoted text that does not end")
    }
}

extension Unicode.Scalar {
    fileprivate var isComparison: Bool { self == "=" || self == "!" || self == "~" }

    fileprivate var isInField: Bool { self == "_" || (isASCII && UInt8(ascii: self).isAlphanumeric) }

    /// What Go's unicode.IsGraphic is true for, without spaces and the comma.
    fileprivate var isInValue: Bool {
        guard self != ",", self != "\u{fffd}", !properties.isWhitespace else { return false }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

import HermesSupport

/// Reads one filter.
///
///     selectors := selector ("," selector)*
///     selector  := path [("==" | "!=" | "~=") value]
///     path      := field ("." field)*
///     field     := quoted | [A-Za-z0-9_]+
///     value     := quoted | [^\s,]+
///
/// Quotes are `"`, for the value of `~=` also `/` and `|`; see `SnapshotFilterQuoting` for what stands between them. There
/// is no nesting.
struct SnapshotFilterParser {
    private var scanner: SnapshotFilterScanner
    /// Regular expressions so far, in this filter and those before it in a call.
    private(set) var expressions: Int

    init(_ filter: String, expressions: Int) {
        scanner = SnapshotFilterScanner(filter)
        self.expressions = expressions
    }

    /// The parts, at least one. Throws `invalidArgument`.
    mutating func selectors() throws -> [SnapshotFilter.Selector] {
        var result = [try selector()]
        while let next = scanner.peek {
            guard next == "," else { throw wrong("an end or a comma is missing", at: scanner.position) }
            _ = scanner.scan()
            result.append(try selector())
        }
        return result
    }

    private mutating func selector() throws -> SnapshotFilter.Selector {
        var path = [try field()]
        while scanner.peek == "." {
            _ = scanner.scan()
            path.append(try field())
        }
        guard let next = scanner.peek, next != "," else { return .init(path: path, operation: .present) }
        return .init(path: path, operation: try operation())
    }

    private mutating func field() throws -> [UInt8] {
        let (token, range) = scanner.scan()
        switch token {
        case .field: return bytes(range)
        case .quoted:
            guard scanner.scalars[range.lowerBound] == "\"" else {
                throw wrong("only \" quotes a field", at: range.lowerBound)
            }
            return try unquoted(range)
        case .illegal(let reason): throw wrong("there is \(reason)", at: range.lowerBound)
        default: throw wrong("a field or a quoted text is missing", at: range.lowerBound)
        }
    }

    private mutating func operation() throws -> SnapshotFilter.Operation {
        let (token, range) = scanner.scan()
        if case .illegal(let reason) = token { throw wrong("there is \(reason)", at: range.lowerBound) }
        guard token == .comparison else { throw wrong("one of ==, != and ~= is missing", at: range.lowerBound) }
        switch String(decoding: bytes(range), as: UTF8.self) {
        case "==": return .equal(try value(isExpression: false).bytes)
        case "!=": return .notEqual(try value(isExpression: false).bytes)
        case "~=":
            let (bytes, start) = try value(isExpression: true)
            // Counted before it is compiled, which is what takes the memory.
            expressions += 1
            guard expressions <= SnapshotFilter.limit.expressions else {
                throw wrong("there are more than \(SnapshotFilter.limit.expressions) regular expressions", at: start)
            }
            do {
                return .matches(try RegularExpression(bytes))
            } catch {
                throw wrong("the regular expression is not valid (\(error.reason))", at: start)
            }
        case let other: throw wrong("\(other.quoted) is none of ==, != and ~=", at: range.lowerBound)
        }
    }

    private mutating func value(isExpression: Bool) throws -> (bytes: [UInt8], start: Int) {
        let (token, range) = scanner.scan()
        switch token {
        case .value: return (bytes(range), range.lowerBound)
        case .quoted:
            guard isExpression || scanner.scalars[range.lowerBound] == "\"" else {
                throw wrong("only \" quotes a text that is no regular expression", at: range.lowerBound)
            }
            return (try unquoted(range), range.lowerBound)
        case .illegal(let reason): throw wrong("there is \(reason)", at: range.lowerBound)
        default: throw wrong("a value is missing", at: range.lowerBound)
        }
    }

    private func unquoted(_ range: Range<Int>) throws -> [UInt8] {
        do {
            return try SnapshotFilterQuoting.unquote(scanner.scalars[range])
        } catch {
            throw wrong("an escape is not valid", at: error.position)
        }
    }

    private func bytes(_ range: Range<Int>) -> [UInt8] {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scanner.scalars[range])
        return Array(String(text).utf8)
    }

    /// The error, with some of what stands before and after its place.
    private func wrong(_ reason: String, at position: Int) -> SnapshotError {
        func text(_ range: Range<Int>) -> String { String(decoding: bytes(range), as: UTF8.self).printable(64) }
        let before = text(max(0, position - 60)..<position)
        let after = text(position..<min(scanner.scalars.count, position + 60))
        return SnapshotError(.invalidArgument, "the filter \(before) >|< \(after) is wrong there: \(reason)")
    }
}

/// Reads a TOML document (toml.io, version 1.0) into tables that keep the order of their keys.
///
/// Numbers and dates are not interpreted. All else is checked as the specification has it; a fault throws `corrupt` with
/// its line. Work is linear in the length of the document, and nesting is bounded.
package struct TOMLParser {
    /// How deep arrays and inline tables may nest, and how many parts a dotted key may have.
    private static let depthLimit = 32

    var bytes: [UInt8]
    var position = 0
    /// The line that `position` is on, from 1.
    private var line = 1
    private let root = TOMLTable(.header)

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Parses a whole document. Throws `corrupt`.
    package static func parse(_ bytes: [UInt8]) throws -> TOMLTable {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw HermesError(.corrupt, "it is not UTF-8")
        }
        var parser = TOMLParser(bytes)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { parser.position = 3 }
        try parser.document()
        return parser.root
    }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    func fail(_ why: String) -> HermesError {
        HermesError(.corrupt, "line \(line): \(why)")
    }

    /// Takes `byte` if it comes next.
    mutating func take(_ byte: Character) -> Bool {
        guard let next, byte.asciiValue == next else { return false }
        position += 1
        return true
    }

    mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    private mutating func document() throws {
        var table = root
        while true {
            try skipLines()
            guard next != nil else { return }
            if take("[") {
                table = take("[") ? try arrayHeader() : try header()
            } else {
                try assignment(in: table, depth: 0)
            }
            try endOfLine()
        }
    }

    /// Skips blanks, comments and line ends.
    private mutating func skipLines() throws {
        while true {
            skipBlanks()
            if next == UInt8(ascii: "#") { try comment() }
            guard try lineEnd() else { return }
        }
    }

    private mutating func comment() throws {
        while let byte = next, byte != 0x0a, !(byte == 0x0d && bytes.dropFirst(position + 1).first == 0x0a) {
            guard byte == 0x09 || byte >= 0x20, byte != 0x7f else {
                throw fail("a comment has a control character")
            }
            position += 1
        }
    }

    /// Takes a line end if one comes next.
    mutating func lineEnd() throws -> Bool {
        if next == 0x0d {
            position += 1
            guard next == 0x0a else { throw fail("a carriage return stands alone") }
        }
        guard take("\n") else { return false }
        line += 1
        return true
    }

    private mutating func endOfLine() throws {
        skipBlanks()
        if next == UInt8(ascii: "#") { try comment() }
        guard try next == nil || lineEnd() else { throw fail("something follows where the line should end") }
    }

    // MARK: Keys and tables

    private mutating func key() throws -> [String] {
        var parts: [String] = []
        repeat {
            skipBlanks()
            switch next {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): parts.append(try string(multiline: false))
            default:
                let start = position
                while let byte = next, byte.isAlphanumeric || byte == 0x2d || byte == 0x5f { position += 1 }
                guard position > start else { throw fail("a key is missing") }
                parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
            }
            guard parts.count <= Self.depthLimit else { throw fail("a key has too many parts") }
            skipBlanks()
        } while take(".")
        return parts
    }

    /// The table that a header's key leads to; the last element of an array of tables stands for it.
    private func descend(_ table: TOMLTable, _ part: String) throws -> TOMLTable {
        switch table[part] {
        case nil:
            let made = TOMLTable(.implied)
            table.set(part, .table(made), line: line)
            return made
        case .table(let found) where found.origin != .inline: return found
        case .array(let elements):
            guard case .table(let last) = elements.last, last.origin != .inline else { fallthrough }
            return last
        default: throw fail("\"\(part.printable(60))\" is not a table")
        }
    }

    private mutating func headerKey() throws -> (parent: TOMLTable, last: String) {
        var parts = try key()
        guard take("]") else { throw fail("a header does not end") }
        let last = parts.removeLast()
        return (try parts.reduce(root) { try descend($0, $1) }, last)
    }

    private mutating func header() throws -> TOMLTable {
        let (parent, last) = try headerKey()
        guard case .table(let table) = parent[last] else {
            guard parent[last] == nil else { throw fail("\"\(last.printable(60))\" is defined twice") }
            let made = TOMLTable(.header)
            parent.set(last, .table(made), line: line)
            return made
        }
        guard table.origin == .implied else { throw fail("\"\(last.printable(60))\" is defined twice") }
        table.origin = .header
        return table
    }

    private mutating func arrayHeader() throws -> TOMLTable {
        let (parent, last) = try headerKey()
        guard take("]") else { throw fail("a header does not end") }
        guard parent[last] == nil || Self.isOfTables(parent[last]) else {
            throw fail("\"\(last.printable(60))\" is defined twice")
        }
        let made = TOMLTable(.header)
        parent.append(last, .table(made), line: line)
        return made
    }

    /// Whether a value is an array that headers made, to which others may add.
    private static func isOfTables(_ value: TOMLValue?) -> Bool {
        guard case .array(let elements) = value, case .table(let first) = elements.first else { return false }
        return first.origin == .header
    }

    private mutating func assignment(in table: TOMLTable, depth: Int) throws {
        var parts = try key()
        guard take("=") else { throw fail("a key is not followed by \"=\"") }
        let last = parts.removeLast()
        let line = line
        var target = table
        for part in parts {
            switch target[part] {
            case nil:
                let made = TOMLTable(.dotted)
                target.set(part, .table(made), line: line)
                target = made
            case .table(let found) where found.origin == .dotted: target = found
            default: throw fail("\"\(part.printable(60))\" is defined elsewhere")
            }
        }
        guard target[last] == nil else { throw fail("\"\(last.printable(60))\" is defined twice") }
        target.set(last, try value(depth: depth), line: line)
    }

    // MARK: Values

    private mutating func value(depth: Int) throws -> TOMLValue {
        guard depth < Self.depthLimit else { throw fail("values nest too deeply") }
        skipBlanks()
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string(multiline: true))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth))
        default: return try scalar()
        }
    }

    private mutating func array(depth: Int) throws -> [TOMLValue] {
        position += 1
        var elements: [TOMLValue] = []
        while true {
            try skipLines()
            if take("]") { return elements }
            elements.append(try value(depth: depth + 1))
            try skipLines()
            if take("]") { return elements }
            guard take(",") else { throw fail("an array does not end") }
        }
    }

    private mutating func inlineTable(depth: Int) throws -> TOMLTable {
        position += 1
        let table = TOMLTable(.inline)
        skipBlanks()
        if take("}") { return table }
        repeat { try assignment(in: table, depth: depth + 1) } while try anotherEntry()
        return table
    }

    private mutating func anotherEntry() throws -> Bool {
        skipBlanks()
        if take("}") { return false }
        guard take(",") else { throw fail("an inline table does not end") }
        return true
    }

    private mutating func scalar() throws -> TOMLValue {
        let start = position
        let others = Set("+-_.:".utf8)
        while let byte = next {
            // A date and its time may be separated by a space (RFC 3339 section 5.6).
            let isDate = byte == 0x20 && position - start == 10 && bytes[start + 4] == 0x2d
            guard
                byte.isAlphanumeric || others.contains(byte)
                    || isDate && bytes.dropFirst(position + 1).first?.isDigit == true
            else { break }
            position += 1
        }
        switch String(decoding: bytes[start..<position], as: UTF8.self) {
        case "": throw fail("a value is missing")
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case let text:
            let unsigned = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
            guard unsigned.utf8.first?.isDigit == true || unsigned == "inf" || unsigned == "nan" else {
                throw fail("\"\(text.printable(60))\" is not a value; write text in quotes")
            }
            return .scalar(text)
        }
    }
}

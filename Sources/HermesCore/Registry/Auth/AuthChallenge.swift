import HermesSupport

/// One way to authenticate that a server offers in WWW-Authenticate (RFC 9110 section 11.6.1).
struct AuthChallenge: Equatable {
    /// The scheme in lower case: "basic", "bearer".
    var scheme: String
    /// The parameters, names in lower case; the first of each name counts.
    var parameters: [String: String] = [:]

    /// Parses the values of all WWW-Authenticate headers. A malformed header gives the challenges before the fault.
    static func parse(_ headers: [String]) -> [AuthChallenge] {
        headers.flatMap { header in
            var scanner = Scanner(bytes: Array(header.utf8))
            return scanner.challenges()
        }
    }

    /// A byte scanner over one header value.
    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func challenges() -> [AuthChallenge] {
            var result: [AuthChallenge] = []
            while true {
                skip { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
                guard let word = token() else { return result }
                let afterWord = position
                skip { $0 == 0x20 || $0 == 0x09 }
                guard next == UInt8(ascii: "="), !result.isEmpty else {
                    position = afterWord
                    result.append(AuthChallenge(scheme: word.lowercased()))
                    continue
                }
                position += 1
                skip { $0 == 0x20 || $0 == 0x09 }
                if next == nil || next == UInt8(ascii: ",") || next == UInt8(ascii: "=") {
                    // The word was a token68 ("Negotiate YII=="), which has no name.
                    skip { $0 == UInt8(ascii: "=") }
                    continue
                }
                guard let value = next == UInt8(ascii: "\"") ? quoted() : token() else { return result }
                let name = word.lowercased()
                if result[result.count - 1].parameters[name] == nil {
                    result[result.count - 1].parameters[name] = value
                }
            }
        }

        mutating func skip(while condition: (UInt8) -> Bool) {
            while let byte = next, condition(byte) { position += 1 }
        }

        /// RFC 9110 section 5.6.2, and the characters "/" and ":" that some servers leave unquoted in values.
        mutating func token() -> String? {
            let start = position
            let others = Set("!#$%&'*+-.^_`|~/:".utf8)
            skip { $0.isAlphanumeric || others.contains($0) }
            return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }

        /// RFC 9110 section 5.6.4; nil when the closing quote is missing.
        mutating func quoted() -> String? {
            position += 1
            var value: [UInt8] = []
            while let byte = next {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: value, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = next else { return nil }
                    value.append(escaped)
                    position += 1
                default: value.append(byte)
                }
            }
            return nil
        }
    }
}

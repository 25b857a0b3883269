import HermesSupport

/// The character rules of references (github.com/distribution/reference, regexp.go).
extension Reference {
    /// Splits "registry/path": the first part is a registry when it looks like a host.
    static func split(_ name: Substring) -> (registry: String, path: Substring) {
        guard let slash = name.firstIndex(of: "/") else { return (dockerHub, name) }
        let first = name[..<slash]
        let path = name[name.index(after: slash)...]
        let isHost =
            first.contains { $0 == "." || $0 == ":" || $0.isUppercase } || first == "localhost"
        guard isHost else { return (dockerHub, name) }
        return (first == "index.docker.io" ? dockerHub : String(first), path)
    }

    /// host[:port]; the host is dot-separated labels, or an IPv6 address in brackets.
    static func isRegistry(_ text: String) -> Bool {
        var host = Substring(text)
        if let colon = host.lastIndex(of: ":"), host.last != "]" {
            let port = host[host.index(after: colon)...]
            guard let number = UInt16(port), number > 0, port.utf8.allSatisfy(\.isDigit) else { return false }
            host = host[..<colon]
        }
        if host.first == "[" {
            let inner = host.dropFirst().dropLast()
            return host.last == "]" && inner.contains(":")
                && inner.utf8.allSatisfy { $0.isHexadecimal || $0 == UInt8(ascii: ":") }
        }
        return host.utf8.count <= 253
            && host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                guard let first = label.utf8.first, let last = label.utf8.last else { return false }
                return first.isAlphanumeric && last.isAlphanumeric
                    && label.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") }
            }
    }

    /// Slash-separated components of lower-case letters and digits, joined inside by ".", "_", "__" or dashes.
    static func isRepository(_ text: Substring) -> Bool {
        guard text.utf8.count <= 255 else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            isComponent($0.utf8)
        }
    }

    private static func isComponent(_ component: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = component.first, let last = component.last, first.isLowerAlphanumeric,
            last.isLowerAlphanumeric
        else { return false }
        var separator: [UInt8] = []
        for byte in component {
            switch byte {
            case _ where byte.isLowerAlphanumeric: separator = []
            case UInt8(ascii: "."):
                guard separator.isEmpty else { return false }
                separator.append(byte)
            case UInt8(ascii: "_"):
                guard separator.isEmpty || separator == [UInt8(ascii: "_")] else { return false }
                separator.append(byte)
            case UInt8(ascii: "-"):
                guard separator.allSatisfy({ $0 == UInt8(ascii: "-") }) else { return false }
                separator.append(byte)
            default: return false
            }
        }
        return true
    }

    /// A word character, then up to 127 word characters, dots and dashes.
    static func isTag(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, first.isWord, text.utf8.count <= 128 else { return false }
        return text.utf8.allSatisfy { $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

extension UInt8 {
    fileprivate var isLowerAlphanumeric: Bool { isDigit || UInt8(ascii: "a")...UInt8(ascii: "z") ~= self }
    fileprivate var isWord: Bool { isAlphanumeric || self == UInt8(ascii: "_") }
}

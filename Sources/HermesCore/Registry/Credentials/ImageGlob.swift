/// A pattern of a kubelet's `matchImages` (Kubernetes, kubelet credential provider): host, port and path of images, with
/// "*" for a part of one label of the host. Pure.
struct ImageGlob {
    private let labels: [String]
    private let port: String
    private let path: String

    /// Takes a pattern such as "*.dkr.ecr.*.amazonaws.com" or "registry.io:8080/path".
    init(_ pattern: String) {
        let (host, port, path) = Self.split(pattern)
        labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        self.port = port
        self.path = path
    }

    /// Whether an image, "registry/repository", is meant: the same number of labels, each of which matches, the same port
    /// and a path that the pattern's is the start of.
    func matches(_ image: String) -> Bool {
        let (host, port, path) = Self.split(image)
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == labels.count && port == self.port && path.hasPrefix(self.path)
            && zip(labels, parts).allSatisfy { Self.label(Array($0.utf8), matches: Array($1.utf8)) }
    }

    private static func split(_ text: String) -> (host: Substring, port: String, path: String) {
        var rest = text[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let authority = rest.prefix { $0 != "/" }
        let path = String(rest[authority.endIndex...])
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return (authority, "", path) }
        return (authority[..<colon], String(authority[authority.index(after: colon)...]), path)
    }

    /// Wildcards by going back to the last star only, so that the work is bounded by the product of both lengths.
    private static func label(_ pattern: [UInt8], matches text: [UInt8]) -> Bool {
        var (position, index, star, mark) = (0, 0, -1, 0)
        while index < text.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                (star, mark) = (position, index)
                position += 1
            } else if position < pattern.count,
                pattern[position] == text[index] || pattern[position] == UInt8(ascii: "?")
            {
                position += 1
                index += 1
            } else if star >= 0 {
                mark += 1
                (position, index) = (star + 1, mark)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

@testable import HermesCore
@testable import HermesSupport

extension FuzzTarget {
    /// YAML documents, and the configurations that some of them are.
    static let yaml = FuzzTarget(name: "yaml") { bytes in
        if let config = try? KubeletCredentialConfig.parse(Array(bytes), name: "config") {
            for provider in config.providers {
                check(!provider.name.contains("/"), "the program \(provider.name) is in another folder")
                check(provider.cacheMilliseconds >= 0, "answers are kept for less than no time")
            }
        }
        let limits = YAML.Limits(bytes: 16 << 10, depth: 16, nodes: 1000)
        let document = try YAML.parse(Array(bytes), name: "document", limits: limits)
        var count = 0
        let text = written(document.value, depth: limits.depth, &count)
        // Mappings that are merged count, and are not there any more.
        check(count <= limits.nodes, "\(count) values and keys")
        let wide = YAML.Limits(bytes: 16 << 20)
        check(
            try YAML.parse(Array(text.utf8), name: "document", limits: wide) == document,
            "it is another when it is written and read again")
    }

    /// A value in flow style, every character escaped; a tag says which scalars were plain.
    private static func written(_ value: YAML.Value, depth: Int, _ count: inout Int) -> String {
        func quoted(_ text: String) -> String {
            let characters = text.unicodeScalars.map { scalar in
                let digits = String(scalar.value, radix: 16)
                return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
            return "\"\(characters.joined())\""
        }
        count += 1
        switch value {
        case .scalar(let scalar): return scalar.isPlain ? "!!null \(quoted(scalar.text))" : quoted(scalar.text)
        case .sequence(let values):
            check(depth > 0, "too many levels")
            return "[\(values.map { written($0, depth: depth - 1, &count) }.joined(separator: ", "))]"
        case .mapping(let entries):
            check(depth > 0, "too many levels")
            count += entries.count
            let texts = entries.map { "? \(quoted($0.key)) : \(written($0.value, depth: depth - 1, &count))" }
            return "{\(texts.joined(separator: ", "))}"
        }
    }
}

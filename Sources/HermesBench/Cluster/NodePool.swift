import HermesSupport

/// The nodes of a cluster that a side of a bench starts Pods on: those with all of its labels.
package struct NodePool: Sendable, Equatable {
    /// The name of the side in the report, of 1 to 100 bytes.
    package let name: String
    /// In the order given; no key comes twice.
    package let labels: [Label]

    package struct Label: Sendable, Equatable {
        package let key: String
        package let value: String
    }

    /// Reads "NAME=KEY=VALUE,KEY=VALUE". The API server checks whether these can be labels. Throws `usage`.
    package init(parsing text: String) throws {
        func wrong(_ problem: String) -> HermesError {
            HermesError(
                .usage, "--pool takes NAME=KEY=VALUE, not \"\(text.printable(100))\": \(problem)",
                advice: "such as hermes=pool=hermes")
        }
        guard let equals = text.firstIndex(of: "=") else { throw wrong("there is no \"=\"") }
        name = String(text[..<equals])
        guard !name.isEmpty, name.printable(100) == name else { throw wrong("the name has to have 1 to 100 bytes") }
        var keys: Set<Substring> = []
        labels = try text[text.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false).map {
            let parts = $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let key = parts.first, let value = parts.last, !key.isEmpty, !value.contains("=")
            else { throw wrong("\"\($0.description.printable(100))\" is not KEY=VALUE") }
            guard keys.insert(key).inserted else { throw wrong("a key comes twice") }
            return Label(key: String(key), value: String(value))
        }
    }
}

extension SnapshotFilter {
    /// Whether a snapshot gets through.
    package func matches(_ info: SnapshotInfo) -> Bool {
        alternatives?.contains { selectors in selectors.allSatisfy { $0.matches(info) } } ?? true
    }
}

extension SnapshotFilter.Selector {
    /// A field that is not there compares as the empty text, but equals nothing: containerd's rule.
    func matches(_ info: SnapshotInfo) -> Bool {
        let value = field(of: info)
        return switch operation {
        case .present: value != nil
        case .equal(let bytes): value?.utf8.elementsEqual(bytes) ?? false
        case .notEqual(let bytes): !(value ?? "").utf8.elementsEqual(bytes)
        case .matches(let expression): expression.matches(value ?? "")
        }
    }

    /// The value of the field; nil for one that is not there. Only labels look at more than the path's first name, and join
    /// the others with dots.
    private func field(of info: SnapshotInfo) -> String? {
        switch path.first.flatMap({ String(validating: $0, as: UTF8.self) }) {
        case "name": info.name
        case "parent": info.parent
        case "kind": info.kind.name
        case "labels":
            String(validating: Array(path.dropFirst().joined(separator: [UInt8(ascii: ".")])), as: UTF8.self)
                .flatMap { info.labels[$0] }
        default: nil
        }
    }
}

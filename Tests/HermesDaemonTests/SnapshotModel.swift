import HermesSupport

@testable import HermesDaemon

/// The snapshots as plain values: what `SnapshotStore` is compared with. It knows nothing of times.
struct SnapshotModel {
    struct Entry: Equatable {
        var id: Int64
        var parent: String
        var kind: SnapshotKind
        var labels: [String: String]
        var usage = SnapshotUsage()
    }

    var entries: [String: Entry] = [:]
    private var lastID: Int64 = 0

    private func refuse(_ kind: SnapshotError.Kind) -> SnapshotError { SnapshotError(kind, "model") }

    func chain(of parent: String) -> [Int64] {
        entries[parent].map { [$0.id] + chain(of: $0.parent) } ?? []
    }

    mutating func create(_ kind: SnapshotKind, _ key: String, _ parent: String, _ labels: [String: String]) throws
        -> SnapshotChain
    {
        if kind == .committed || key.isEmpty { throw refuse(.invalidArgument) }
        if !parent.isEmpty {
            guard let base = entries[parent] else { throw refuse(.notFound) }
            if base.kind != .committed { throw refuse(.invalidArgument) }
        }
        if entries[key] != nil { throw refuse(.alreadyExists) }
        lastID += 1
        entries[key] = Entry(id: lastID, parent: parent, kind: kind, labels: labels.filter { $1 != "" })
        return SnapshotChain(id: lastID, kind: kind, parents: chain(of: parent), base: nil)
    }

    mutating func commit(
        _ key: String, _ name: String, _ usage: SnapshotUsage, _ labels: [String: String], _ parent: String
    ) throws -> Int64 {
        if name.isEmpty { throw refuse(.invalidArgument) }
        guard var entry = entries[key] else { throw refuse(.notFound) }
        if entries[name] != nil { throw refuse(.alreadyExists) }
        if entry.kind != .active { throw refuse(.failedPrecondition) }
        if !parent.isEmpty {
            if !entry.parent.isEmpty && entry.parent != parent { throw refuse(.invalidArgument) }
            guard let base = entries[parent], parent != key else { throw refuse(.notFound) }
            if base.kind != .committed { throw refuse(.failedPrecondition) }
            entry.parent = parent
        }
        entry.kind = .committed
        entry.labels = labels.filter { $1 != "" }
        entry.usage = usage
        entries[key] = nil
        entries[name] = entry
        return entry.id
    }

    mutating func remove(_ key: String) throws -> Int64 {
        guard let entry = entries[key] else { throw refuse(.notFound) }
        if entries.values.contains(where: { $0.parent == key }) { throw refuse(.failedPrecondition) }
        entries[key] = nil
        return entry.id
    }

    mutating func update(_ key: String, _ labels: [String: String], _ paths: [String]) throws -> [String: String] {
        guard var entry = entries[key] else { throw refuse(.notFound) }
        for path in paths.isEmpty ? ["labels"] : paths {
            switch path {
            case "labels": entry.labels = labels
            case _ where path.hasPrefix("labels."):
                let name = String(path.dropFirst(7))
                entry.labels[name] = labels[name]
            default: throw refuse(.invalidArgument)
            }
        }
        entry.labels = entry.labels.filter { $1 != "" }
        entries[key] = entry
        return entry.labels
    }
}

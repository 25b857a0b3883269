extension OverlaySnapshotter {
    /// What mounts a view or an active snapshot. Throws as `SnapshotStore.chain` and `create` do.
    package func mounts(_ key: String) throws -> [SnapshotMount] {
        let chain = try store.chain(key)
        let mapping = try OwnerMapping(try store.stat(key).info.labels)
        return SnapshotMount.mounts(
            chain, in: folders, base: try chain.base.map { try folder($0, mapping) }, mapping: mapping)
    }

    /// What a snapshot takes on the disk without its parents: now where it can change, else as it was committed. Of a lazy one
    /// that is what was fetched of it. Throws
    /// `notFound`.
    package func usage(_ key: String) throws -> SnapshotUsage {
        let record = try store.stat(key)
        if let lazy = record.lazy { return images?.usage(lazy) ?? record.usage }
        guard record.info.kind == .active else { return record.usage }
        return try FolderUsage.measure(folders.contents(record.id))
    }

    /// Throws `notFound`.
    package func stat(_ key: String) throws -> SnapshotInfo { try store.stat(key).info }

    /// Throws as `SnapshotStore.update` does.
    package func update(_ info: SnapshotInfo, paths: [String]) throws -> SnapshotInfo {
        try store.update(info, paths: paths)
    }

    /// The snapshots that one of the filters lets through. Throws `invalidArgument` for a filter that cannot be read.
    package func list(_ filters: [String]) throws -> [SnapshotInfo] {
        try store.records(matching: try SnapshotFilter(filters)).map(\.info)
    }
}

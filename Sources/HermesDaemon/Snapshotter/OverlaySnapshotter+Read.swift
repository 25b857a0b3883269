extension OverlaySnapshotter {
    /// What mounts a view or an active snapshot. Throws as `SnapshotStore.chain` and `create` do.
    package func mounts(_ key: String) throws -> [SnapshotMount] {
        let chain = try store.chain(key)
        let mapping = try OwnerMapping(try store.stat(key).info.labels)
        return try mounts(chain, base: try chain.base.map(folder), mapping: mapping)
    }

    /// What mounts the snapshot of a chain. `base` is the folder of its lazy base, if it has one. containerd maps the owners of what
    /// was pulled, and the daemon those of all else.
    func mounts(_ chain: SnapshotChain, base: String?, mapping: OwnerMapping?) throws -> [SnapshotMount] {
        let pulled = chain.parents.map(folders.contents)
        guard let base else { return SnapshotMount.mounts(chain, in: folders, parents: pulled, mapping: mapping) }
        let parents = pulled + [base]
        let shown = try mapping.map { try MappedFolders(in: folders.folder(chain.id)).show(parents, $0) } ?? parents
        return SnapshotMount.mounts(chain, in: folders, parents: shown, mapping: nil)
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

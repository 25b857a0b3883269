import HermesSupport

extension OverlaySnapshotter {
    /// Makes an active snapshot or a view, and gives what mounts it. Throws as `SnapshotStore.create` does, `alreadyExists`
    /// where the labels are those of a layer that is mounted lazily, `invalidArgument` for labels that are no mapping of owners, and
    /// `failedPrecondition` for a mapping of a lazy image where the kernel has none.
    package func create(
        _ kind: SnapshotKind, key: String, parent: String, labels: [String: String] = [:]
    ) throws -> [SnapshotMount] {
        if kind == .active { try offerLazily(key, parent: parent, labels: labels) }
        // Before a row is written, as this can take long and fail.
        let known = try store.lazyBase(under: parent)
        let mapping = try OwnerMapping(labels)
        let base = try known.map(folder)
        let new = try folders.make(kind)
        let chain: SnapshotChain
        do {
            chain = try store.create(kind, key: key, parent: parent, labels: labels) { [folders] chain in
                // A parent that was removed and made anew since can stand on another image, or on none.
                guard chain.base == known else {
                    throw HermesError(.unavailable, "the parent \(parent.quoted) was replaced meanwhile")
                }
                try folders.place(new, chain, owner: mapping?.root)
            }
        } catch {
            // Still there unless the failure was the last step, the commit of the transaction.
            delete([new])
            throw error
        }
        do {
            return try mounts(chain, base: base, mapping: mapping)
        } catch {
            try? remove(key)
            throw error
        }
    }

    /// Makes an active snapshot a committed one, with what it takes on the disk now. Throws as `SnapshotStore.commit` does.
    package func commit(
        _ key: String, as name: String, labels: [String: String] = [:], parent: String = ""
    ) throws {
        var usage = SnapshotUsage()
        // What is wrong with the call is the store's to say, and in its order.
        if let record = try? store.stat(key), record.info.kind == .active {
            usage = try FolderUsage.measure(folders.contents(record.id))
        }
        try store.commit(key, as: name, usage: usage, labels: labels, parent: parent)
    }
}

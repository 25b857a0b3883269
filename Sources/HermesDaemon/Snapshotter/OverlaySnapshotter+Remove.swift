import HermesSupport

extension OverlaySnapshotter {
    /// Removes a snapshot, then its folder. Throws as `SnapshotStore.remove` does; a folder that cannot be deleted is left to
    /// `cleanup`, as the snapshot is gone all the same.
    package func remove(_ key: String) throws {
        let (id, _, lazy) = try store.remove(key)
        if let lazy { images?.collect(lazy.image) }
        do {
            if let gone = try folders.setAside(id) { delete([gone]) }
        } catch {
            log.warning("a removed snapshot's folder stays for now", metadata: ["cause": "\(error)"])
        }
    }

    /// Deletes folders that belong to no snapshot.
    package func cleanup() throws {
        delete(try orphans(unfinished: false))
    }

    /// What is to be deleted, out of the way of all ids.
    func orphans(unfinished: Bool) throws -> [String] {
        try store.withNoWriter { [folders] ids in try folders.orphans(except: ids, unfinished: unfinished) }
    }

    func delete(_ paths: [String]) {
        for path in paths {
            do {
                MappedFolders(in: path).hide()
                try FolderRemoval.remove(path)
            } catch {
                log.warning("a folder that nobody needs stays for now", metadata: ["cause": "\(error)"])
            }
        }
    }
}

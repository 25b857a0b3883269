import Glibc
import HermesSupport

/// The folders of the snapshots: `<id>/fs` with the files, `<id>/work` for overlayfs where the snapshot is active, and `<id>/mapped`
/// where the daemon maps owners (`MappedFolders`).
///
/// "new-..." is a folder that is being made, "gone-..." one that belongs to nobody any more and is being deleted. Every
/// change of a name is one rename, so that a kill leaves a folder under its old or its new name. Calls block on the disk;
/// they may come from any thread.
struct SnapshotFolders: Sendable {
    /// The folder of them all.
    let path: String

    func folder(_ id: Int64) -> String { "\(path)/\(id)" }
    func contents(_ id: Int64) -> String { "\(folder(id))/fs" }
    func work(_ id: Int64) -> String { "\(folder(id))/work" }

    /// Makes the folders of a snapshot under a temporary name, and gives its path.
    func make(_ kind: SnapshotKind) throws -> String {
        let new = temporary("new")
        do {
            try create(new, mode: 0o700)
            try create("\(new)/fs", mode: 0o755)
            if kind == .active { try create("\(new)/work", mode: 0o711) }
            try sync(new)
        } catch {
            try? FolderRemoval.remove(new)
            throw error
        }
        return new
    }

    /// Gives a made folder its place, and its root the `owner`, or else that of its nearest parent. To be called where nobody else
    /// can have got the same id. A folder that has the name already is left from a creation that did not end well.
    func place(_ new: String, _ chain: SnapshotChain, owner: (user: UInt32, group: UInt32)?) throws {
        if let owner = try owner ?? chain.parents.first.map(ownerOfContents) {
            guard lchown("\(new)/fs", owner.user, owner.group) == 0 else {
                throw HermesError.file("change the owner of", "\(new)/fs", .last)
            }
        }
        _ = try setAside(chain.id)
        guard rename(new, folder(chain.id)) == 0 else { throw HermesError.file("rename", new, .last) }
        // Before the row is written, so that a power loss does not leave it without its folder.
        try sync(path)
    }

    private func ownerOfContents(_ id: Int64) throws -> (user: UInt32, group: UInt32) {
        var status = stat()
        guard lstat(contents(id), &status) == 0 else {
            throw HermesError.file("use the parent's folder", contents(id), .last)
        }
        return (status.st_uid, status.st_gid)
    }

    /// Renames the folder of a snapshot that is no more, and gives its path for deletion; nil if there is none.
    func setAside(_ id: Int64) throws -> String? {
        let gone = temporary("gone")
        if rename(folder(id), gone) == 0 { return gone }
        guard errno == ENOENT else { throw HermesError.file("rename", folder(id), .last) }
        return nil
    }

    /// Renames all that belongs to none of the ids, and gives what is to be deleted. To be called where no snapshot is being
    /// created. Folders that are being made are only taken where `unfinished` says that nobody can be making them.
    func orphans(except ids: Set<Int64>, unfinished: Bool) throws -> [String] {
        let names: [String]
        do { names = try FolderListing.names(in: path) } catch { throw HermesError.file("list", path, error) }
        return try names.compactMap { name in
            if name.hasPrefix("gone-") || (unfinished && name.hasPrefix("new-")) { return "\(path)/\(name)" }
            guard let id = Int64(name), String(id) == name, !ids.contains(id) else { return nil }
            return try setAside(id)
        }
    }

    private func temporary(_ prefix: String) -> String {
        "\(path)/\(prefix)-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
    }

    private func create(_ folder: String, mode: mode_t) throws {
        // The second call, as the process's umask takes bits from the first.
        guard mkdir(folder, mode) == 0, chmod(folder, mode) == 0 else {
            throw HermesError.file("make the folder", folder, .last)
        }
    }

    private func sync(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HermesError.file("sync", folder, .last) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw HermesError.file("sync", folder, .last) }
    }
}

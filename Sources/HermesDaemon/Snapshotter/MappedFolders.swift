import CLinux
import Glibc
import HermesCore
import HermesSupport

/// The lower directories of a container in a user namespace, each shown a second time with the owners of that namespace: mounts on
/// `mapped/0`, `mapped/1`, ... in the snapshot's folder.
///
/// containerd does this by itself for snapshots that were pulled. It shows the folder that all of them lie in, without the mounts
/// below it (2.1), and a lazy image is one. The mounts outlive the daemon, and a machine that starts again has none. They are
/// read-only, so that a deletion that found one in its way would take nothing with it.
struct MappedFolders {
    /// The folder with the mounts.
    private let path: String

    /// Those of the snapshot with this folder.
    init(in snapshot: String) { path = "\(snapshot)/mapped" }

    /// Shows each of the folders, and gives where. What is shown already stays. Throws `failedPrecondition` where the kernel cannot map
    /// the owners of a lazy image, and as `OwnerMapping.namespace`.
    func show(_ sources: [String], _ mapping: OwnerMapping) throws -> [String] {
        let targets = sources.indices.map { "\(path)/\($0)" }
        let missing = zip(sources, targets).filter { !isShown($0, on: $1) }
        guard !missing.isEmpty else { return targets }
        let namespace = try mapping.namespace()
        try LocalFolder.make(path)
        for (source, target) in missing {
            try LocalFolder.make(target)
            Self.unmount(target)
            guard hermes_mount_mapped(source, target, namespace.descriptor) != 0 else { continue }
            let error = SystemError.last
            guard error.number == EINVAL else { throw HermesError.file("map the owners of", source, error) }
            throw SnapshotError(
                .failedPrecondition,
                "a lazy image cannot be shown in a user namespace: Linux 6.12 or newer maps the owners of a mount that survives the daemon"
            )
        }
        return targets
    }

    /// Unmounts them all, if there are any.
    func hide() {
        // Without a folder there are none.
        for name in (try? FolderListing.names(in: path)) ?? [] { Self.unmount("\(path)/\(name)") }
    }

    /// Whether `target` shows the file system of `source`, and not that of a daemon that is gone.
    private func isShown(_ source: String, on target: String) -> Bool {
        guard let own = MountID(path), let shown = MountID(target), let wanted = MountID(source) else { return false }
        return shown.number != own.number && shown.device == wanted.device
    }

    private static func unmount(_ target: String) {
        while umount2(target, Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) == 0 {}
    }
}

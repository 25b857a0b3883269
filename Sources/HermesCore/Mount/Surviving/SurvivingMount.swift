import Glibc
import HermesSupport
import Logging

/// A mount that outlives its process: the one that a holder keeps, or the one that is to be made and given to a holder.
package struct SurvivingMount: Sendable {
    /// The mount that a process before this one served; nil where there is none.
    package let held: HeldMount?
    private let place: HolderPlace
    private let platform: String?
    private let link: HolderLink
    private let file: OpenFile?
    private let log: Logger

    /// Takes the mount on `directory` from its holder, or starts a holder. `platform` is the one that was asked for. Asks no
    /// file system of the mount. Throws `denied` for a user that is not root, `unavailable` when another process serves the
    /// mount, `cannotCreate` when the folder cannot be reached or shows something else than the holder's mount.
    package init(on directory: String, platform: String?, log: Logger) throws {
        guard geteuid() == 0 else {
            throw HermesError(.denied, "only root can make a mount that survives", advice: "leave out --survive")
        }
        self.platform = platform
        self.log = log
        place = try HolderPlace(directory)
        guard let (link, mount, file) = try HolderLink.find(place.socket) else {
            Self.clear(place.directory, log)
            link = try HolderLink.start(place.socket)
            held = nil
            file = nil
            return
        }
        guard MountID(place.directory) == mount.mount else {
            throw HermesError(
                .cannotCreate, "\(place.directory) does not show the mount of \(mount.reference) that a holder keeps",
                advice: "unmount what lies above it")
        }
        self.link = link
        self.file = file
        held = mount
    }

    /// Unmounts what a process left that was killed together with its holder, or before it had one.
    private static func clear(_ directory: String, _ log: Logger) {
        var status = statvfs()
        guard let bytes = try? LocalFile.read("/proc/self/mountinfo", limit: 64 << 20),
            MountTable.type(at: directory, in: String(decoding: bytes, as: UTF8.self)) == "fuse.hermes",
            // The one call of a dead mount that the kernel never answers from memory.
            statvfs(directory, &status) != 0, errno == ENOTCONN, umount2(directory, Int32(MNT_DETACH)) == 0
        else { return }
        log.warning("unmounted a dead mount", metadata: ["directory": "\(directory)"])
    }

    /// Throws `usage` where a mount is held that shows another image than the one that is wanted.
    package func check(reference: String) throws {
        guard let held, held.reference != reference || held.platform != platform else { return }
        let shown = held.reference + (held.platform.map { " for \($0)" } ?? "")
        throw HermesError(
            .usage, "\(place.directory) shows \(shown.printable(300)), and goes on with that alone",
            advice: "umount \(place.directory) first")
    }

    /// Unmounts the mount that was held, also while files are in use. The holder then ends.
    package func end() { umount2(place.directory, Int32(MNT_FORCE | MNT_DETACH)) }

    /// The connection: the one that was held, or that of a mount made now. Throws as `KernelConnection.mount`.
    func connect(_ image: LazyImage) throws -> KernelConnection {
        guard let held, let file else {
            return try .mount(on: place.directory, name: image.image.reference)
        }
        return KernelConnection(
            file: file, directory: place.directory, mount: held.mount, initialization: held.initialization, isNew: false
        )
    }

    /// Gives a new mount to the holder. From then on it outlives this process. Throws `unavailable`.
    func keep(_ image: LazyImage, _ connection: KernelConnection) throws {
        if connection.isNew { try link.give(record(image, connection), connection.file) }
    }

    /// Looks after the holder from now on. Throws `system`.
    func watch(_ image: LazyImage, _ connection: KernelConnection) throws -> HolderWatch {
        try HolderWatch(link, at: place.socket, record(image, connection), connection.file, log: log)
    }

    private func record(_ image: LazyImage, _ connection: KernelConnection) -> HeldMount {
        HeldMount(
            reference: image.image.reference, platform: platform, manifest: image.image.descriptor.digest,
            index: image.index, mount: connection.mount, initialization: connection.initialization)
    }
}

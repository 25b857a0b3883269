import CLinux
import Glibc
import HermesSupport
import Logging

/// A mount that outlives its process: the one that a holder keeps, or the one that is to be made and given to a holder.
package struct SurvivingMount: Sendable {
    /// The mount that a process before this one served; nil where there is none.
    let held: HeldMount?
    let place: HolderPlace
    private let patience: Int
    private let link: HolderLink
    private let file: OpenFile?
    private let log: Logger

    /// Milliseconds in which a holder ends whose mount has ended.
    private static let exitTime = 10_000

    /// Takes the mount on `directory` from its holder, or starts a holder, which has `patience` seconds. Asks no file system of the
    /// mount. Throws `denied` for a user that is not root, `unavailable` when another process serves the mount, `cannotCreate` when
    /// the folder cannot be reached.
    init(on directory: String, patience: Int, log: Logger) throws {
        guard geteuid() == 0 else { throw HermesError(.denied, "only root can make a mount that survives") }
        self.patience = patience
        self.log = log
        place = try HolderPlace(directory)
        if let found = try HolderLink.find(place.socket) {
            (link, held, file) = (found.link, found.mount, found.file)
        } else {
            Self.clear(place.directory, log)
            (link, held, file) = (try HolderLink.start(place.socket, patience: patience), nil, nil)
        }
    }

    /// Whether the folder shows the mount that is held, if one is: another may lie above it, or it was unmounted.
    var isInPlace: Bool { held.map { $0.mount == MountID(place.directory) } ?? true }

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

    /// Unmounts the mount that was held, also while files are in use. The holder then ends.
    package func end() { umount2(place.directory, Int32(MNT_FORCE | MNT_DETACH)) }

    /// Ends the holder that has no mount yet; or the mount that is held, wherever it is: readers get errors from here on. Waits for
    /// the holder's end.
    func abandon() {
        guard let held, let file else { return link.reap() }
        // The mount may have been taken out of its place while it is in use, or lie below another. A mount that is gone is left
        // alone, as its device's number may be another's.
        if KernelConnection.isAlive(file) { held.mount.abort() }
        if isInPlace { end() }
        link.end()
        let limit = Monotonic.now().adding(milliseconds: Self.exitTime)
        while access(place.socket, F_OK) == 0, Monotonic.now() < limit { usleep(10_000) }
    }

    /// The connection: the one that was held, or that of a mount made now, which mount(8) shows as `name`. Throws as
    /// `KernelConnection.mount`.
    func connect(name: String) throws -> KernelConnection {
        guard let held, let file else { return try .mount(on: place.directory, name: name) }
        return KernelConnection(
            file: file, directory: place.directory, mount: held.mount, initialization: held.initialization, isNew: false
        )
    }

    /// Gives a new mount to the holder. From then on it outlives this process. Throws `unavailable`.
    func keep(_ content: HeldMount.Content, _ connection: KernelConnection) throws {
        if connection.isNew { try link.give(record(content, connection), connection.file) }
    }

    /// Looks after the holder from now on. Throws `system`.
    func watch(_ content: HeldMount.Content, _ connection: KernelConnection) throws -> HolderWatch {
        try HolderWatch(
            link, at: place.socket, patience: patience, record(content, connection), connection.file, log: log)
    }

    private func record(_ content: HeldMount.Content, _ connection: KernelConnection) -> HeldMount {
        HeldMount(content: content, mount: connection.mount, initialization: connection.initialization)
    }
}

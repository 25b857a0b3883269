import Glibc
import HermesSupport

/// What outlives the process of a mount of many images: which slot shows what, and how often the kernel refers to it.
///
/// Safe for use from any thread; `write` by one at a time.
final class SlotMemory: Sendable {
    let counts: LookupCounts
    private let path: String
    private let mount: MountID
    private let boot: BootID

    /// Begins the memory of a new mount, before a holder has it: `path` is the file of slots, `countsPath` that of the counts.
    /// Throws the file error, and `system` where the kernel does not give its boot ID.
    init(making path: String, counts countsPath: String, mount: MountID) throws {
        self.path = path
        self.mount = mount
        boot = try Self.boot()
        counts = try LookupCounts(making: countsPath, mount: mount, boot: boot)
        try write([])
    }

    private init(path: String, mount: MountID, boot: BootID, counts: LookupCounts) {
        self.path = path
        self.mount = mount
        self.boot = boot
        self.counts = counts
    }

    /// Opens the memory of a mount that is held, and gives its slots. Throws `corrupt` where one of the files belongs to another mount
    /// or is damaged, and the file error: without both, no inode number of the mount has a meaning.
    static func open(_ path: String, counts: String, mount: MountID) throws -> (memory: SlotMemory, slots: [HeldSlot]) {
        let boot = try boot()
        let file = try SlotsFile(decoding: try LocalFile.read(path, limit: SlotsFile.longest), name: path)
        guard file.mount == mount, file.boot == boot else {
            throw HermesError(.corrupt, "\(path) does not have the slots of this mount")
        }
        let counts = try LookupCounts(opening: counts, mount: mount, boot: boot)
        return (SlotMemory(path: path, mount: mount, boot: boot, counts: counts), file.slots)
    }

    private static func boot() throws -> BootID {
        guard let boot = BootID.current else { throw HermesError(.system, "the kernel does not give its boot ID") }
        return boot
    }

    /// Replaces the file of slots. Throws the file error.
    func write(_ slots: [HeldSlot]) throws {
        let bytes = try SlotsFile(mount: mount, boot: boot, slots: slots).encoded()
        // One name each time, so that a kill leaves one such file at most.
        let new = "\(path).new"
        let file = try OpenFile(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        // Not synced: it is worth nothing after a power failure, as the mount is gone then.
        guard rename(new, path) == 0 else { throw HermesError.file("write", path, .last) }
    }
}

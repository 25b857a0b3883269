import HermesSupport
import Logging
import Synchronization

/// The mount of a node that survives its process: `SurvivingMount` has its connection, and `SlotMemory` what it shows.
///
/// Nothing is answered before every image of the process before is open again with the index that it had, so an inode number
/// means the same to both. Where that cannot be, as a file is gone or belongs to another mount, the mount is ended and another one
/// made: no reader gets another file than the one that it opened.
extension LazyMounts {
    /// An image that is open again, and what `add` takes with it.
    package typealias Reopened = (image: LazyImage, verified: @Sendable () -> Void)

    /// Goes on with the mount on `directory` that a holder keeps, or mounts an empty root folder and gives it to a holder. The file
    /// `path` has the slots. `reopen` opens the image that a slot has shown, with the same index and without a network; it is
    /// called on several threads at once. A slot for which it throws answers EIO. Throws where there is no FUSE or the kernel
    /// cannot send requests again, and as `SurvivingMount` does.
    package convenience init(
        surviving directory: String, slots path: String, keeper: CacheKeeper, log: Logger,
        reopen: @escaping @Sendable (HeldSlot) throws -> Reopened
    ) throws {
        let (surviving, connection, memory, held) = try Self.connect(directory, path, log)
        let slots = ImageSlots(counts: memory.counts) { try memory.write($0) }
        let images = try Self.restore(held, in: slots, log, reopen)
        do {
            let server = try FuseServer(slots, over: connection) { try surviving.keep(.node, connection) }
            do {
                self.init(
                    on: directory, slots, server, watch: try surviving.watch(.node, connection), keeper: keeper)
            } catch {
                server.end()
                server.join()
                throw error
            }
        } catch {
            for (image, _) in images { image.close() }
            throw error
        }
        for (image, verified) in images { keeper.attach(image, verified: verified) }
        guard !connection.isNew else { return }
        log.notice(
            "took over the mount of lazy images",
            metadata: ["images": "\(images.count)", "lost": "\(slots.lost.count)"])
    }

    /// The slots that this process has taken over and that can be found by their names, with their images, and those that were added
    /// since.
    package var shown: [(slot: HeldSlot, image: LazyImage)] { slots.shown }

    private static func connect(
        _ directory: String, _ path: String, _ log: Logger
    ) throws -> (SurvivingMount, KernelConnection, SlotMemory, [HeldSlot]) {
        let surviving = try SurvivingMount(on: directory, patience: HeldMount.nodePatience, log: log)
        guard let held = surviving.held else { return try begin(surviving, path) }
        do {
            guard held.content == .node, surviving.isInPlace else {
                throw HermesError(.cannotCreate, "\(directory) does not show the mount that a holder keeps")
            }
            let (memory, slots) = try SlotMemory.open(path, counts: surviving.place.counts, mount: held.mount)
            return (surviving, try surviving.connect(name: source), memory, slots)
        } catch {
            log.error("the mount that was held is ended, and another one made", metadata: ["cause": "\(error)"])
            surviving.abandon()
        }
        let next = try SurvivingMount(on: directory, patience: HeldMount.nodePatience, log: log)
        guard next.held == nil else {
            throw HermesError(.unavailable, "the holder of the mount on \(directory) does not end")
        }
        return try begin(next, path)
    }

    private static func begin(
        _ surviving: SurvivingMount, _ path: String
    ) throws -> (SurvivingMount, KernelConnection, SlotMemory, [HeldSlot]) {
        do {
            let connection = try surviving.connect(name: source)
            do {
                let memory = try SlotMemory(making: path, counts: surviving.place.counts, mount: connection.mount)
                return (surviving, connection, memory, [])
            } catch {
                surviving.end()
                throw error
            }
        } catch {
            surviving.abandon()
            throw error
        }
    }

    /// Opens the images of the slots again, several at a time. Returns those that are open.
    private static func restore(
        _ held: [HeldSlot], in slots: ImageSlots, _ log: Logger,
        _ reopen: @escaping @Sendable (HeldSlot) throws -> Reopened
    ) throws -> [Reopened] {
        let images = Mutex<[Reopened]>([])
        try SystemThread.each("hermes-reopen", Array(held.indices)) { index in
            let slot = held[index]
            do {
                let opened = try reopen(slot)
                images.withLock { $0.append(opened) }
                slots.restore(slot, opened.image, lost: nil)
            } catch {
                log.error(
                    "an image that was mounted cannot be opened again: what is read of it fails",
                    metadata: ["image": "\(slot.reference)", "cause": "\(error)"])
                slots.restore(slot, nil, lost: "\(error)")
            }
        }
        return images.withLock { $0 }
    }
}

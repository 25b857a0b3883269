import HermesSupport
import Synchronization

/// Many images on one mount, each in a folder of its own.
///
/// They share the kernel's connection and its threads, and the keeper, which is handed in and outlives this. An image comes
/// with `add` and goes with `remove`: it is closed when the kernel has forgotten it, so that whoever still uses it, such as a
/// container whose file system stands on it, goes on reading. `close` ends all in the order that `LazyMount` describes, or
/// leaves a mount that survives to its holder (`LazyMounts+Surviving.swift`).
///
/// `add` and `remove` can be called from any thread, and wait for the disk at most.
package final class LazyMounts: Sendable {
    /// Where the images are: `path(name)` each.
    package let directory: String
    let slots: ImageSlots
    let totals = MountTotals()
    private let server: FuseServer
    private let keeper: CacheKeeper
    /// Of a mount that survives this process.
    private let watch: HolderWatch?
    private let reaping = Monitor(Reaping())
    private let reaper = Mutex<SystemThread?>(nil)

    private struct Reaping {
        var isStopped = false
        /// An image was removed since the thread looked last.
        var isNew = false
    }

    /// Milliseconds between two looks whether the kernel has forgotten a removed image.
    private static let reapPause: Int64 = 1000

    /// Mounts an empty root folder on `directory`. Throws as `LazyMount` does.
    package convenience init(on directory: String, keeper: CacheKeeper) throws {
        let slots = ImageSlots()
        let server = try FuseServer(slots, on: directory, name: Self.source)
        self.init(on: directory, slots, server, watch: nil, keeper: keeper)
    }

    /// What mount(8) shows as the source of the mount.
    static let source = "hermes"

    init(on directory: String, _ slots: ImageSlots, _ server: FuseServer, watch: HolderWatch?, keeper: CacheKeeper) {
        self.directory = directory
        self.slots = slots
        self.server = server
        self.watch = watch
        self.keeper = keeper
        for image in slots.all { totals.opened(image) }
    }

    /// Begins to close the images that were removed and that the kernel has forgotten, on a thread of this object. `freed` is called
    /// there with the manifest of an image when the last folder that showed it is closed, so that nothing of it is in use
    /// here. To be called once. Throws `system`.
    package func reap(freed: @escaping @Sendable (Digest) -> Void) throws {
        let (slots, totals, server, keeper, reaping) = (slots, totals, server, keeper, reaping)
        // An image of an earlier process may be forgotten by now, or its name not be.
        reaping.withLock { $0.value.isNew = true }
        for name in slots.removedNames { server.forget(name) }
        let thread = try SystemThread("hermes-unmount") { Self.reap(slots, totals, server, keeper, reaping, freed) }
        reaper.withLock { $0 = thread }
    }

    /// The folder of an image.
    package func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Shows an image in the folder `name`; it belongs to the mount from here on, and is closed with it, also when this throws.
    /// Throws `cannotCreate` where the name is taken, `system` where the mount is full, and the file error where a mount that
    /// survives cannot write down what it shows. `verified` is called once, on a thread of the keeper, when the whole image is here
    /// and was compared with its digests.
    package func add(_ image: LazyImage, as name: String, verified: @escaping @Sendable () -> Void) throws {
        do {
            totals.opened(try slots.add(image, as: name))
        } catch {
            image.close()
            throw error
        }
        keeper.attach(image, verified: verified)
    }

    /// Takes the folder `name` away. Its image is closed when nobody uses it any more.
    package func remove(_ name: String) {
        guard slots.remove(name) else { return }
        server.forget(name)
        reaping.withLock {
            $0.value.isNew = true
            $0.broadcast()
        }
    }

    /// Ends the mount, or leaves it: a mount that survives and shows an image, or whose images are in use, goes on with the next
    /// process. Returns whether it was left; this process is then to end without an answer to the reads that wait, as the next
    /// one gets them. Otherwise it is unmounted, also while files are in use, and all images are closed. To be called once.
    package func close() -> Bool {
        reaping.withLock {
            $0.value.isStopped = true
            $0.broadcast()
        }
        reaper.withLock { $0 }?.join()
        guard watch == nil || slots.isEmpty else {
            slots.keepChanges()
            for image in slots.all { keeper.detach(image.lazy) }
            return true
        }
        server.end()
        server.join()
        watch?.stop()
        slots.counts.removeFile()
        for image in slots.takeAll() {
            image.lazy.close()
            keeper.detach(image.lazy)
            totals.closed(image.lazy)
        }
        // The reads that were parked are answered, so nothing points at the kernel's connection any more.
        withExtendedLifetime(server) {}
        return false
    }

    /// Closes the removed images that nobody uses any more. Returns the manifests of which none is left.
    private static func closeForgotten(_ slots: ImageSlots, _ totals: MountTotals, _ keeper: CacheKeeper) -> [Digest] {
        let (images, gone) = slots.takeForgotten()
        for image in images {
            image.lazy.close()
            // What was fetched goes, or is still there by chance when the image comes back: the disk is not waited for.
            keeper.detach(image.lazy, isDurable: false)
            totals.closed(image.lazy)
        }
        return gone
    }

    private static func reap(
        _ slots: ImageSlots, _ totals: MountTotals, _ server: FuseServer, _ keeper: CacheKeeper,
        _ reaping: Monitor<Reaping>, _ freed: (Digest) -> Void
    ) {
        while true {
            let isStopped = reaping.withLock { held in
                // An image can stay known for as long as a container runs: a look is cheap.
                let isWaiting = !held.value.isNew && !held.value.isStopped
                if isWaiting { if slots.hasLeaving { held.wait(milliseconds: reapPause) } else { held.wait() } }
                held.value.isNew = false
                return held.value.isStopped
            }
            guard !isStopped else { return }
            for image in slots.leaving { server.forgetEntries(of: image) }
            let gone = closeForgotten(slots, totals, keeper)
            slots.keepChanges()
            for manifest in gone { freed(manifest) }
        }
    }
}

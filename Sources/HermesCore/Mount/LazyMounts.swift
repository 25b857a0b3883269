import HermesSupport

/// Many images on one mount, each in a folder of its own.
///
/// They share the kernel's connection and its threads, and the keeper, which is handed in and outlives this. An image comes
/// with `add` and goes with `remove`: it is closed when the kernel has forgotten it, so that whoever still uses it, such as a
/// container whose file system stands on it, goes on reading. `close` ends all in the order that `LazyMount` describes.
///
/// `add` and `remove` can be called from any thread, and wait for the disk at most.
package final class LazyMounts: Sendable {
    /// Where the images are: `path(name)` each.
    package let directory: String
    let slots = ImageSlots()
    let totals = MountTotals()
    private let server: FuseServer
    private let keeper: CacheKeeper
    private let reaping: Monitor<Reaping>
    private let reaper: SystemThread

    private struct Reaping {
        var isStopped = false
        /// An image was removed since the thread looked last.
        var isNew = false
    }

    /// Milliseconds between two looks whether the kernel has forgotten a removed image.
    private static let reapPause: Int64 = 1000

    /// Mounts an empty root folder on `directory`. Throws as `LazyMount` does.
    package init(on directory: String, keeper: CacheKeeper) throws {
        self.directory = directory
        self.keeper = keeper
        let (slots, totals) = (slots, totals)
        let server = try FuseServer(slots, on: directory, name: "hermes")
        let reaping = Monitor(Reaping())
        self.server = server
        self.reaping = reaping
        do {
            reaper = try SystemThread("hermes-unmount") { Self.reap(slots, totals, server, keeper, reaping) }
        } catch {
            server.end()
            server.join()
            throw error
        }
    }

    /// The folder of an image.
    package func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Shows an image in the folder `name`; it belongs to the mount from here on, and is closed with it, also when this throws.
    /// Throws `cannotCreate` where the name is taken, `system` where the mount is full. `verified` is called once, on the
    /// keeper's thread, when the whole image is here and was compared with its digests; `closed` on a thread of this object's when
    /// the image was removed and closed, so that nothing of it is in use here.
    package func add(
        _ image: LazyImage, as name: String, verified: @escaping @Sendable () -> Void,
        closed: (@Sendable () -> Void)? = nil
    ) throws {
        do {
            totals.opened(try slots.add(image, as: name, closed: closed))
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

    /// Unmounts, also while files are in use, and closes all images. To be called once.
    package func close() {
        reaping.withLock {
            $0.value.isStopped = true
            $0.broadcast()
        }
        reaper.join()
        server.end()
        server.join()
        for image in slots.takeAll() {
            image.lazy.close()
            keeper.detach(image.lazy)
            totals.closed(image.lazy)
        }
        // The reads that were parked are answered, so nothing points at the kernel's connection any more.
        withExtendedLifetime(server) {}
    }

    /// Closes the removed images that nobody uses any more. Returns what is to be called when none of them is held.
    private static func closeForgotten(
        _ slots: ImageSlots, _ totals: MountTotals, _ keeper: CacheKeeper
    ) -> [@Sendable () -> Void] {
        slots.takeForgotten().compactMap { image in
            image.lazy.close()
            // What was fetched goes, or is still there by chance when the image comes back: the disk is not waited for.
            keeper.detach(image.lazy, isDurable: image.closed == nil)
            totals.closed(image.lazy)
            return image.closed
        }
    }

    private static func reap(
        _ slots: ImageSlots, _ totals: MountTotals, _ server: FuseServer, _ keeper: CacheKeeper,
        _ reaping: Monitor<Reaping>
    ) {
        while true {
            let isStopped = reaping.withLock { held in
                // An image can stay known for as long as a container runs: a look is cheap.
                let isWaiting = !held.value.isNew && !held.value.isStopped
                if isWaiting { if slots.leaving.isEmpty { held.wait() } else { held.wait(milliseconds: reapPause) } }
                held.value.isNew = false
                return held.value.isStopped
            }
            guard !isStopped else { return }
            for image in slots.leaving { server.forgetEntries(of: image) }
            for closed in closeForgotten(slots, totals, keeper) { closed() }
        }
    }
}

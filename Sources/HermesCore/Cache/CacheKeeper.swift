import Glibc
import HermesSupport
import Logging
import Synchronization

/// Looks after a cache folder while images of it are in use: makes fetched spans outlive a power loss, compares
/// complete layers with the image, and keeps the folder within its budget.
///
/// One keeper serves any number of images. All work that may wait for the disk happens on its two threads, and never on the
/// way of a read. Layers are compared on a thread of their own, as a large one takes minutes. Safe for use from any thread.
package final class CacheKeeper: Sendable {
    /// Spans are made durable after so many bytes, or so many milliseconds, whichever comes first: at most that is
    /// fetched again after a power loss.
    static let syncBytes = 256 << 20
    static let syncPause = 30_000
    /// Milliseconds after which an image that stays in use is marked as used again.
    private static let touchPause = 3_600_000

    private struct State {
        var budget: CacheBudget
        /// The budget has changed, so the thread looks through the cache.
        var isResized = false
        var images: [KeptImage] = []
        var isStopped = false
        /// An image was attached, so the thread looks immediately.
        var isNew = false
    }

    let cache: ImageCache
    let log: Logger
    private let state: Monitor<State>
    private let threads = Mutex<[SystemThread]>([])

    /// Starts the keeper's threads. Throws `system` when that fails; none is left then.
    package init(_ cache: ImageCache, budget: CacheBudget, log: Logger) throws {
        self.cache = cache
        state = Monitor(State(budget: budget))
        self.log = log
        do {
            try start("hermes-cache") { [self] in run() }
            try start("hermes-verify") { [self] in
                // All of an image is read and hashed, which nobody waits for.
                YieldingThread(isForever: true).yield()
                verifyUntilStopped()
            }
        } catch {
            stop()
            throw error
        }
    }

    private func start(_ name: String, _ work: @escaping @Sendable () -> Void) throws {
        let thread = try SystemThread(name) {
            // For this thread alone (setpriority(2)): what keeps the cache gives way to readers that wait for a file.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
            work()
        }
        threads.withLock { $0.append(thread) }
    }

    /// Keeps the cache within another budget from now on.
    package func resize(to budget: CacheBudget) {
        state.withLock {
            $0.value.budget = budget
            $0.value.isResized = true
            $0.broadcast()
        }
    }

    /// Looks after an image from now on. `verified` is called once, on a thread of the keeper, when every layer of the
    /// image is complete and has its diff ID: from then on no request for the image leaves the node.
    package func attach(_ image: LazyImage, verified: @escaping @Sendable () -> Void) {
        let kept = KeptImage(image, verified: verified)
        state.withLock {
            $0.value.images.append(kept)
            $0.value.isNew = true
            $0.broadcast()
        }
    }

    /// Ends the care for an image whose scheduler has stopped: makes its fetched spans durable, if that is wanted, and waits for
    /// the disk.
    package func detach(_ lazy: LazyImage, isDurable: Bool = true) {
        let kept = state.withLock { held -> [KeptImage] in
            let found = held.value.images.filter { $0.image === lazy }
            held.value.images.removeAll { $0.image === lazy }
            return found
        }
        for image in kept {
            image.isEnding.store(true, ordering: .releasing)
            cache.touch(image.digest, layers: lazy.layers.map(\.store.folder))
            keepStartup(image, isEnding: true)
            guard isDurable else { continue }
            for layer in lazy.layers { makeDurable(layer, image, waiting: 2000) }
        }
    }

    /// Ends the threads and waits for them. Images are detached before.
    package func stop() {
        state.withLock {
            $0.value.isStopped = true
            for image in $0.value.images { image.isEnding.store(true, ordering: .releasing) }
            $0.broadcast()
        }
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
    }

    private func run() {
        var upkeep = BudgetUpkeep()
        while true {
            let images: [KeptImage]? = state.withLock { held in
                if !held.value.isNew, !held.value.isResized, !held.value.isStopped { held.wait(milliseconds: 1000) }
                held.value.isNew = false
                return held.value.isStopped ? nil : held.value.images
            }
            guard let images else { return }
            keepBudget(&upkeep)
            for image in images { lookAfter(image) }
        }
    }

    private func lookAfter(_ image: KeptImage) {
        let now = Monotonic.now()
        if now.milliseconds(since: image.touched) > Double(Self.touchPause) {
            image.touched = now
            cache.touch(image.digest, layers: image.image.layers.map(\.store.folder))
        }
        keepStartup(image, isEnding: false)
        let isDue = now.milliseconds(since: image.synced) > Double(Self.syncPause)
        if isDue { image.synced = now }
        for layer in image.image.layers {
            let unsynced = layer.store.unsyncedBytes.load(ordering: .relaxed)
            if unsynced >= Self.syncBytes || isDue && unsynced > 0 { makeDurable(layer, image, waiting: 0) }
        }
    }

    private func verifyUntilStopped() {
        while true {
            let images = state.withLock { held -> [KeptImage]? in
                if !held.value.isStopped { held.wait(milliseconds: 1000) }
                return held.value.isStopped ? nil : held.value.images
            }
            guard let images else { return }
            for image in images { verify(image) }
        }
    }

    private func keepStartup(_ image: KeptImage, isEnding: Bool) {
        let lazy = image.image
        guard let spans = lazy.scheduler.startup(isEnding: isEnding) else { return }
        // A mount that ends soon may have been no start at all.
        let known = cache.startup(image: image.digest, ztocs: lazy.ztocs).count
        guard !isEnding || spans.count >= known else { return }
        cache.keepStartup(spans, image: image.digest, ztocs: lazy.ztocs)
    }

    private func makeDurable(_ layer: LazyLayer, _ image: KeptImage, waiting milliseconds: Int) {
        do {
            try layer.store.makeDurable(waiting: milliseconds)
        } catch {
            log.error(
                "fetched data cannot be synced to the disk: they will be fetched again",
                metadata: [
                    "image": "\(image.image.scheduler.source.name)", "layer": "\(layer.descriptor.digest)",
                    "cause": "\(error)",
                ])
        }
    }

    /// Sees to it that the cache has room for more, when enough was added since it was looked at, or something did not fit.
    private func keepBudget(_ upkeep: inout BudgetUpkeep) {
        let now = Monotonic.now()
        let (images, budget, isResized) = state.withLock { held in
            defer { held.value.isResized = false }
            return (held.value.images, held.value.budget, held.value.isResized)
        }
        if isResized { upkeep.budgetChanged() }
        let stored = images.reduce(0) { $0 + $1.storedBytes }
        let refused = images.compactMap { $0.image.scheduler.room.withLock(\.refused) }.max() ?? 0
        // The room is shared out among the images, so that together they do not add more.
        let needed = refused * Int64(max(1, images.count))
        guard upkeep.isDue(images: images.count, stored: stored, isRefused: refused > 0, now: now) else { return }
        do {
            let allowance = max(0, try cache.evict(to: budget, needed: needed, log: log))
            let what = budget.size == nil ? "the file system is nearly full" : "the cache is full of layers in use"
            for image in images { allow(image, allowance / Int64(images.count), what) }
            upkeep.looked(images: images.count, stored: stored, isFull: needed > allowance, now: now)
        } catch {
            log.error("cannot look through the cache", metadata: ["cause": "\(error)"])
            upkeep.looked(images: images.count, stored: stored, isFull: upkeep.isFull, now: now)
        }
    }

    /// Lets an image add so many bytes, and says when that begins or ends to be too few for it. `what` is full.
    private func allow(_ image: KeptImage, _ bytes: Int64, _ what: String) {
        let scheduler = image.image.scheduler
        let refused = scheduler.allow(bytes)
        guard image.isOverBudget != (refused != nil) else { return }
        image.isOverBudget = refused != nil
        if let refused {
            scheduler.log.budgetIsFull(
                what, cause: "the cache may take \(bytes) bytes more of the image, and a span has \(refused)")
        } else {
            scheduler.log.cacheHasRoom()
        }
    }
}

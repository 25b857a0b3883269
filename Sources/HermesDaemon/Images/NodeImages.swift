import Glibc
import HermesCore
import HermesHTTP
import HermesSupport
import Logging
import Synchronization

/// The images that this node shows lazily, each in a folder of one mount, and the way from a name to such a folder.
///
/// An image is shown as long as a snapshot is based on it, which the snapshots' store says, or somebody is about to add one.
/// What can be shown is found in bounded time (`budget`); in all other cases the image is left to containerd, which then pulls
/// it as always. No lock is held while the network is waited for, or files are made or deleted; the store is asked under the
/// lock whether an image is in use. Safe for use from any thread that may block.
package final class NodeImages: Sendable {
    /// Milliseconds that a pull waits for an image to be shown, all its layers together.
    static let budget = 2_000
    /// Milliseconds that a container waits for the image that it stands on, and after which a preparation is given up: for
    /// the next pull its parts are in the cache.
    static let patience = 30_000

    /// Milliseconds that the layers of an image that goes may be in use, until the thread that verifies lets go of them.
    static let removalPatience = 10_000

    let cache: ImageCache
    let mounts: LazyMounts
    let threads: FetchThreads
    let keeper: CacheKeeper
    let registries: RegistryClients
    let http: HTTPClient
    /// The settings in force.
    let settings: Mutex<Settings>
    let log: Logger
    let store: SnapshotStore
    let pulls: PullHistory
    let crashes: CrashGuard
    let state = Monitor(ImagePhases<ShownImage>())
    /// Compilations are work for all processors, so that few run at once.
    let compiling = Monitor(0)

    /// Takes over or makes the mount in `root`/images and opens the cache in `root`/cache, then shows again what snapshots are based
    /// on. Where `survives` is set, the mount outlives this process if the kernel lets it. Throws where there is no FUSE, or the
    /// folders cannot be used.
    init(
        root: String, survives: Bool, store: SnapshotStore, configuration: DaemonConfiguration, pulls: PullHistory,
        log: Logger
    ) throws {
        self.store = store
        self.pulls = pulls
        self.log = log
        let crashes = CrashGuard("\(root)/crashes", marks: survives ? Self.marks(root, log) : nil, log: log)
        self.crashes = crashes
        cache = try ImageCache("\(root)/cache")
        http = try HTTPClient(metrics: RegistryMetrics.shared.http)
        registries = RegistryClients(http)
        settings = Mutex(
            Settings(
                configuration: configuration,
                indexes: IndexSearch(configuration.artifactStore, http: http, folder: cache.path, log: log)))
        let directory = "\(root)/images"
        try LocalFolder.make(directory)
        threads = try FetchThreads()
        do {
            keeper = try CacheKeeper(cache, budget: CacheBudget(size: configuration.cacheSize), log: log)
            do {
                let surviving = survives ? Self.survive(root, keeper, cache, registries, threads, crashes, log) : nil
                mounts = try surviving ?? Self.mount(on: directory, keeper)
            } catch {
                keeper.stop()
                throw error
            }
        } catch {
            threads.stop()
            throw error
        }
        restore()
        do {
            try mounts.reap { [weak self] in self?.free($0) }
        } catch {
            _ = close()
            throw error
        }
    }

    private static func survive(
        _ root: String, _ keeper: CacheKeeper, _ cache: ImageCache, _ registries: RegistryClients,
        _ threads: FetchThreads, _ crashes: CrashGuard, _ log: Logger
    ) -> LazyMounts? {
        do {
            return try LazyMounts(surviving: "\(root)/images", slots: "\(root)/slots", keeper: keeper, log: log) {
                try crashes.check($0.manifest)
                return try reopen($0, cache, registries, threads, log)
            }
        } catch {
            log.warning(
                "the mount of lazy images does not survive this process: containers on them fail when it ends",
                metadata: ["cause": "\(error)"])
            return nil
        }
    }

    /// The marks of what this daemon runs code for; nil where they cannot be kept.
    private static func marks(_ root: String, _ log: Logger) -> CrashMarks? {
        do {
            return try CrashMarks(ofRoot: root)
        } catch {
            log.warning("crashes in the code of images are not counted", metadata: ["cause": "\(error)"])
            return nil
        }
    }

    /// A mount that ends with this process. A daemon that was killed may have left one there, which no process answers.
    private static func mount(on directory: String, _ keeper: CacheKeeper) throws -> LazyMounts {
        while umount2(directory, Int32(MNT_FORCE | MNT_DETACH)) == 0 {}
        return try LazyMounts(on: directory, keeper: keeper)
    }

    /// Ends the mount and all images, or leaves them to the mount's holder, as `LazyMounts.close` does. Returns whether they are left:
    /// this process is then to end. To be called once, when no call is under way.
    package func close() -> Bool {
        let isLeft = mounts.close()
        keeper.stop()
        crashes.end()
        // The reads that wait are the next process's, and must not fail here.
        guard !isLeft else { return true }
        threads.stop()
        registries.close()
        return false
    }

    /// Calls `body` with the image that a request is about, shown lazily, and gives its result; nil where the image is left to
    /// containerd. Waits for `budget` at most. Throws what `body` throws.
    func withImage<Result>(_ request: LazyRequest, _ body: (Image) throws -> Result) throws -> Result? {
        let deadline = Monotonic.now().adding(milliseconds: Self.budget)
        let digest = request.manifest
        state.withLock { $0.value.pin(digest) }
        defer { unpin(digest) }
        guard let shown = wait(digest, request.reference, until: deadline, isNeeded: false) else { return nil }
        return try body(shown.image)
    }

    /// Waits until the image, which the caller has pinned, is shown; nil where it is left to containerd.
    func wait(_ digest: Digest, _ reference: Reference, until deadline: Monotonic, isNeeded: Bool) -> ShownImage? {
        let start = Monotonic.now()
        while true {
            let answer = state.withLock { held in
                let answer = held.value.ask(digest, from: start, until: deadline, isNeeded: isNeeded, now: .now())
                guard case .wait(let until) = answer else { return answer }
                held.wait(milliseconds: max(1, Int64(until.milliseconds(since: .now()))))
                return answer
            }
            switch answer {
            case .shown(let shown): return shown
            case .aside: return nil
            case .crowdedOut:
                let cause = "\(ImagePhases<ShownImage>.atOnce) other images were being prepared"
                if !isNeeded { pulls.left(.tooLate, "\(reference)", digest, cause) }
                return nil
            case .wait: continue
            case .prepare: begin(digest, reference, isPull: !isNeeded)
            }
        }
    }

    /// Prepares an image on a thread of its own, so that who waits for it can give up.
    private func begin(_ digest: Digest, _ reference: Reference, isPull: Bool) {
        do {
            try SystemThread("hermes-prepare") { [self] in prepare(digest, reference, isPull: isPull) }.detach()
        } catch {
            log.error("an image is left to containerd", metadata: ["image": "\(reference)", "cause": "\(error)"])
            if isPull { pulls.left(.failed, "\(reference)", digest, "\(error)") }
            ended(digest, nil)
        }
    }

    private func prepare(_ digest: Digest, _ reference: Reference, isPull: Bool) {
        let start = Monotonic.now()
        let metadata: Logger.Metadata = ["image": "\(reference)", "manifest": "\(digest)"]
        do {
            let lazy = try digest.serving {
                try open(digest, reference, until: start.adding(milliseconds: Self.patience))
            }
            let shown = try show(lazy, reference, as: digest.hex)
            let milliseconds = Int(Monotonic.now().milliseconds(since: start))
            if ended(digest, shown) {
                if isPull { pulls.mounted() }
                log.notice("an image is shown lazily", metadata: metadata.merging(["ms": "\(milliseconds)"]) { $1 })
            } else {
                if isPull { pulls.left(.tooLate, "\(reference)", digest, "it was ready after \(milliseconds) ms") }
                log.notice(
                    "an image came too late to be shown lazily",
                    metadata: metadata.merging(["ms": "\(milliseconds)"]) { $1 })
            }
        } catch {
            let isMissing = (error as? HermesError)?.code == .notFound
            log.log(
                level: isMissing ? .info : .warning, "an image is left to containerd",
                metadata: metadata.merging(["cause": "\(error)"]) { $1 })
            let result: PullResult = crashes.isAside(digest) ? .crashed : isMissing ? .noIndex : .failed
            // Who waits for the end may look what became of it.
            if isPull { pulls.left(result, "\(reference)", digest, "\(error)") }
            ended(digest, nil)
        }
        // Whoever asked for it may have given up.
        collect(digest)
    }

    /// Keeps an image that was prepared, if it came in time; else closes it.
    @discardableResult
    private func ended(_ digest: Digest, _ shown: ShownImage?) -> Bool {
        let isShown = state.withLock { held in
            defer { held.broadcast() }
            return held.value.ended(digest, shown, now: .now())
        }
        if !isShown, let shown { mounts.remove(shown.name) }
        if isShown, fetchesInBackground { shown?.lazy.scheduler.fill {} }
        return isShown
    }

    func show(_ lazy: LazyImage, _ reference: Reference, as name: String) throws -> ShownImage {
        try mounts.add(lazy, as: name, verified: Self.verified(lazy, log))
        return ShownImage(lazy, reference, name: name)
    }

    /// Takes back a `pin`.
    func unpin(_ digest: Digest) {
        if state.withLock({ $0.value.unpin(digest) }) { collect(digest) }
    }

    /// Gives an image up if no snapshot is based on it any more, and none is about to be.
    func collect(_ digest: Digest) {
        do {
            try state.withLock { held in
                // Asked under the lock: a snapshot is only added by somebody who has pinned the image.
                guard held.value.shown(digest) != nil, try !store.isUsed(digest),
                    let shown = held.value.takeUnused(digest)
                else { return }
                for name in shown.names { mounts.remove(name) }
                log.info("an image is not shown any more", metadata: ["image": "\(shown.image.reference)"])
            }
        } catch {
            log.error("cannot look which images are in use", metadata: ["cause": "\(error)"])
        }
    }

    /// Frees the disk of an image that was removed from the node, unless it has come back: who deletes an image wants room.
    private func free(_ digest: Digest) {
        // One that could not be opened again may still be wanted.
        guard state.withLock({ (try? store.isUsed(digest)) == false && $0.value.beginFreeing(digest) }) else { return }
        cache.remove(digest, patience: Self.removalPatience)
        endFreeing(digest)
    }

    private func endFreeing(_ digest: Digest) {
        state.withLock { held in
            held.value.endFreeing(digest)
            held.broadcast()
        }
    }

    /// Forgets what outlives the data of an image, of which this node has nothing else, and that it was put aside. False where it has, or
    /// is about to.
    func forget(_ digest: Digest) -> Bool {
        guard state.withLock({ (try? store.isUsed(digest)) == false && $0.value.beginForgetting(digest) }) else {
            return false
        }
        defer { endFreeing(digest) }
        guard let cached = try? cache.images(), !cached.contains(digest) else { return false }
        cache.forget(digest)
        return true
    }
}

import HermesCore
import HermesSupport

extension NodeImages {
    /// The folder that shows what a snapshot stands on. Waits for `patience` at most when the image has to be found again.
    /// Throws `unavailable` when that does not work.
    func folder(_ base: LazyBase) throws -> String {
        state.withLock { $0.value.pin(base.image) }
        defer { unpin(base.image) }
        let reference = try Reference(base.reference)
        let deadline = Monotonic.now().adding(milliseconds: Self.patience)
        guard let shown = wait(base.image, reference, until: deadline, isNeeded: true) else {
            throw HermesError(
                .unavailable, "the image \(base.reference) (\(base.image)) cannot be shown",
                advice: "the daemon's log has the cause; removing the image and pulling it again helps")
        }
        guard base.layers < shown.image.layers.count else { return mounts.path(shown.name) }
        return try prefix(base, of: shown)
    }

    /// The folder with the lowest layers of an image: another image that shares them was pulled in the ordinary way.
    private func prefix(_ base: LazyBase, of shown: ShownImage) throws -> String {
        if let name = shown.prefix(base.layers) { return mounts.path(name) }
        let name = "\(shown.name).\(base.layers)"
        let source = try source(base.image, try Reference(base.reference))
        let lazy = try base.image.serving {
            try cache.openLowest(base.layers, of: shown.image, source: source, threads: threads, log: log)
        }
        do {
            try mounts.add(lazy, as: name, verified: {})
        } catch let error as HermesError where error.code == .cannotCreate {
            // Another call was faster.
        }
        shown.addPrefix(base.layers, name)
        return mounts.path(name)
    }

    /// The bytes of a layer that are here.
    func usage(_ base: LazyBase) -> SnapshotUsage {
        guard let layers = state.withLock({ $0.value.shown(base.image) })?.lazy.layers, base.layers <= layers.count
        else { return SnapshotUsage() }
        return SnapshotUsage(size: layers[base.layers - 1].present.uncompressedBytes, inodes: 1)
    }
}

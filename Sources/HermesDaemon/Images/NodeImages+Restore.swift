import HermesCore
import HermesSupport

extension NodeImages {
    /// Shows what snapshots are based on: as the mount shows it already, where it has outlived an earlier process, else from the
    /// cache. Takes away what the mount shows and no snapshot is based on.
    func restore() {
        let bases: [Digest: LazyBase]
        do {
            bases = Dictionary(try store.lazyBases().map { ($0.image, $0) }, uniquingKeysWith: { first, _ in first })
        } catch {
            return log.error("cannot look which images are in use", metadata: ["cause": "\(error)"])
        }
        let held = mounts.shown
        for (slot, lazy) in held where !Self.isPrefix(slot) {
            guard let reference = bases[slot.manifest].flatMap({ try? Reference($0.reference) }) else { continue }
            restored(ShownImage(lazy, reference, name: slot.name))
        }
        for (digest, base) in bases where state.withLock({ $0.value.shown(digest) }) == nil {
            do {
                let reference = try Reference(base.reference)
                restored(try show(try reopen(digest, reference), reference, as: digest.hex))
            } catch {
                // It is prepared anew when a container wants it.
                log.warning(
                    "an image of the last run cannot be shown from the cache",
                    metadata: ["manifest": "\(digest)", "cause": "\(error)"])
            }
        }
        for (slot, _) in held {
            let shown = state.withLock { $0.value.shown(slot.manifest) }
            if let shown, Self.isPrefix(slot) {
                shown.addPrefix(slot.layers, slot.name)
            } else if shown == nil {
                mounts.remove(slot.name)
            }
        }
    }

    private func restored(_ shown: ShownImage) {
        state.withLock { $0.value.restored(shown.image.descriptor.digest, shown) }
        if fetchesInBackground { shown.lazy.scheduler.fill {} }
    }
}

import Glibc
import HermesSupport
import Logging
import Synchronization

extension CacheKeeper {
    /// Compares the layers of an image that have become complete, and says so when all are right.
    func verify(_ image: KeptImage) {
        for index in image.image.layers.indices { verify(index, of: image) }
        guard !image.isVerified, image.image.layers.allSatisfy(\.isVerified) else { return }
        image.isVerified = true
        image.verified()
    }

    /// Compares a layer that has become complete with the image and with its zTOC.
    private func verify(_ index: Int, of image: KeptImage) {
        let lazy = image.image
        let layer = lazy.layers[index]
        guard !lazy.isRefused, !image.judged.contains(index), layer.isComplete else { return }
        let metadata: Logger.Metadata = [
            "image": "\(lazy.scheduler.source.name)", "layer": "\(layer.descriptor.digest)",
            "diff_id": "\(layer.diffID)", "index": "\(lazy.index)",
        ]
        let turns = BackgroundTurns()
        do {
            let result = try image.digest.serving {
                try layer.store.verify(layer.diffID) {
                    try cache.openZTOC(lazy.ztocs[index], in: layer.store.folder)
                } isStopped: {
                    turns.end()
                    while !image.isEnding.load(ordering: .acquiring) {
                        guard !turns.mayGoOn() else {
                            turns.begin()
                            return false
                        }
                        usleep(UInt32(BackgroundTurns.pause) * 1000)
                    }
                    return true
                }
            }
            guard let (check, difference) = result else { return }
            switch check {
            case .open: return
            case .verified: break
            case .failedOnce:
                if !layer.isComplete {
                    let message = "a complete layer does not match its diff ID: it is fetched again"
                    failed(index, of: lazy, HermesError(.corrupt, message))
                    log.error("\(message)", metadata: metadata)
                    lazy.scheduler.refill(layer: index)
                }
                return
            case .failed:
                refuse(
                    image, index, metadata,
                    "a layer that was fetched twice does not match its diff ID, though every span matches the index")
            case .forged:
                refuse(
                    image, index, metadata, "the index describes other files than a layer of the image holds",
                    cause: difference)
            case .contradicted:
                refuse(
                    image, index, metadata, "a layer was verified with another diff ID than the image gives for it")
            }
            image.judged.insert(index)
        } catch {
            failed(index, of: lazy, HermesError(.io, "a layer cannot be verified", cause: error))
            log.error("a layer cannot be verified", metadata: metadata.merging(["cause": "\(error)"]) { $1 })
            image.judged.insert(index)
        }
    }

    /// Counts a layer that is not what it should be, and shows why in the image's state.
    private func failed(_ index: Int, of lazy: LazyImage, _ error: HermesError) {
        lazy.scheduler.counters.layerFailures.add(1, ordering: .relaxed)
        lazy.scheduler.log.layerFailed(index, error)
    }

    /// Lets every read of an image fail, and sees to it that no later mount uses its index. `what` is wrong with the layer `index`.
    private func refuse(
        _ image: KeptImage, _ index: Int, _ metadata: Logger.Metadata, _ what: String, cause: HermesError? = nil
    ) {
        image.image.refuse()
        let message = "\(what): the index is refused, and every read of the image fails"
        failed(index, of: image.image, HermesError(.corrupt, message, cause: cause))
        log.error("\(message)", metadata: metadata.merging(cause.map { ["cause": "\($0)"] } ?? [:]) { $1 })
        do {
            try cache.refuse(image.image.index, of: image.digest)
        } catch {
            log.error(
                "a refused index cannot be written down: the next mount may use it again",
                metadata: metadata.merging(["cause": "\(error)"]) { $1 })
        }
    }
}

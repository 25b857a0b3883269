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
        do {
            let result = try image.digest.serving {
                try layer.store.verify(layer.diffID) {
                    try cache.openZTOC(lazy.ztocs[index], in: layer.store.folder)
                } isStopped: {
                    image.isEnding.load(ordering: .acquiring)
                }
            }
            guard let (check, difference) = result else { return }
            switch check {
            case .open: return
            case .verified: break
            case .failedOnce:
                if !layer.isComplete {
                    log.error("a complete layer does not match its diff ID: it is fetched again", metadata: metadata)
                    lazy.scheduler.refill(layer: index)
                }
                return
            case .failed:
                refuse(
                    image, metadata,
                    """
                    a layer that was fetched twice does not match its diff ID, though every span matches the index: the \
                    index is refused, and every read of the image fails
                    """)
            case .forged:
                refuse(
                    image, metadata.merging(difference.map { ["cause": "\($0)"] } ?? [:]) { $1 },
                    """
                    the index describes other files than a layer of the image holds: the index is refused, and every read \
                    of the image fails
                    """)
            case .contradicted:
                refuse(
                    image, metadata,
                    """
                    a layer was verified with another diff ID than the image gives for it: the index is refused, and every \
                    read of the image fails
                    """)
            }
            image.judged.insert(index)
        } catch {
            log.error("a layer cannot be verified", metadata: metadata.merging(["cause": "\(error)"]) { $1 })
            image.judged.insert(index)
        }
    }

    /// Lets every read of an image fail, and sees to it that no later mount uses its index.
    private func refuse(_ image: KeptImage, _ metadata: Logger.Metadata, _ message: Logger.Message) {
        image.image.refuse()
        log.error(message, metadata: metadata)
        do {
            try cache.refuse(image.image.index, of: image.digest)
        } catch {
            log.error(
                "a refused index cannot be written down: the next mount may use it again",
                metadata: metadata.merging(["cause": "\(error)"]) { $1 })
        }
    }
}

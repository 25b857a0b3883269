import HermesCore
import HermesSupport

extension OverlaySnapshotter {
    /// Makes the snapshot of a layer that containerd is about to pull, if its image can be mounted lazily. containerd is told
    /// so by the error `alreadyExists`: it then looks for a committed snapshot with this parent and the label of its name,
    /// and fetches nothing (containerd's docs/remote-snapshotter.md).
    ///
    /// Returns without having done anything where the layer is to be pulled. Throws `alreadyExists` otherwise, and as
    /// `SnapshotStore.create` does.
    func offerLazily(_ key: String, parent: String, labels: [String: String]) throws {
        guard let name = labels[LazyRequest.targetLabel] else { return }
        guard let images, let request = LazyRequest(labels) else {
            // Once for each image: at its lowest layer.
            if parent.isEmpty { pulls.passedOver(name, labels, isMounting: images != nil) }
            return
        }
        let isMade = try images.withImage(request) { image -> Bool in
            guard let layers = image.layerCount(for: request) else {
                log.warning(
                    "a layer is left to containerd: it is none of the image's",
                    metadata: ["image": "\(image.reference)", "layer": "\(name.printable(100))"])
                return false
            }
            let base = LazyBase(image: request.manifest, reference: request.reference.description, layers: layers)
            do {
                try store.addLazy(name, parent: parent, labels: labels, base)
            } catch let error as SnapshotError where error.kind == .alreadyExists {
                // Another call was faster, which is as good, unless its parent is another: an image that shares the layers below
                // may have been pulled in the ordinary way. containerd looks for the label and the parent, not for the name.
                if (try? store.stat(name).info.parent) != parent {
                    try store.addLazy(key, parent: parent, labels: labels, base)
                }
            }
            return true
        }
        guard isMade == true else { return }
        throw SnapshotError(.alreadyExists, "the snapshot \(name.quoted) is there, mounted lazily")
    }

    /// The folder of a lazy base. Throws `unavailable` when the image cannot be shown.
    func folder(_ base: LazyBase) throws -> String {
        guard let images else {
            throw HermesError(
                .unavailable, "the image \(base.reference) was mounted lazily, which this daemon does not do")
        }
        return try images.folder(base)
    }
}

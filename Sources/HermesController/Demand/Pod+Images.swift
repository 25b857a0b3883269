import HermesKubernetes

extension Pod {
    /// Bytes of an image's text; no registry has a longer reference (`Reference`), and no node can pull it.
    private static let imageLimit = 1024

    /// Whether the Pod will start no container any more.
    var hasEnded: Bool { status?.phase == "Succeeded" || status?.phase == "Failed" }

    /// The images that the Pod names, by their texts: those of containers of all kinds and of volumes.
    var images: [String: PodImage] {
        var images: [String: PodImage] = [:]
        let isPending = ["Pending", "", nil].contains(status?.phase)
        let isLeaving = metadata.deletionTimestamp != nil
        func add(_ image: String?, _ pullPolicy: String?, isAwaited: Bool, imageID: String?) {
            guard let image, !image.isEmpty, image.utf8.count <= Self.imageLimit else { return }
            var known = images[image] ?? PodImage()
            known.isAwaited = known.isAwaited || isAwaited && !isLeaving
            known.isAlwaysPulled = known.isAlwaysPulled || pullPolicy == "Always"
            known.digest = known.digest ?? imageID.flatMap { ImageID.digest(of: $0, for: image) }
            images[image] = known
        }
        let kinds = [
            (spec.initContainers, status?.initContainerStatuses), (spec.containers, status?.containerStatuses),
            (spec.ephemeralContainers, status?.ephemeralContainerStatuses),
        ]
        for (containers, statuses) in kinds {
            // A Pod has few containers, but a hostile one could have thousands.
            let byName = Dictionary((statuses ?? []).map { ($0.name, $0) }) { first, _ in first }
            for container in containers ?? [] {
                let status = byName[container.name]
                add(
                    container.image, container.imagePullPolicy,
                    isAwaited: status.map { $0.waitsForImage(isPending) } ?? isPending, imageID: status?.imageID)
            }
        }
        for volume in spec.volumes ?? [] {
            add(volume.image?.reference, volume.image?.pullPolicy, isAwaited: isPending, imageID: nil)
        }
        return images
    }
}

extension Pod.ContainerStatus {
    /// Whether the container waits and its node does not have the image: one that crashes again and again waits as well, with
    /// its image there.
    fileprivate func waitsForImage(_ isPending: Bool) -> Bool {
        guard (imageID ?? "").isEmpty else { return false }
        guard let state else { return isPending }
        return state.waiting != nil || state.running == nil && state.terminated == nil && isPending
    }
}

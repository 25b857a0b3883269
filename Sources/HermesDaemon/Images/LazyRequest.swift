import HermesCore
import HermesSupport

/// What containerd's labels say of a layer that it is about to pull (pkg/snapshotters in containerd, "annotations"): which
/// layer of which image, and the name under which the snapshot is wanted.
struct LazyRequest: Sendable {
    /// The image, by the digest of its manifest for this platform.
    let reference: Reference
    let manifest: Digest
    /// The chain ID of the layer with those below it: the name of the committed snapshot (OCI image spec, "Layer ChainID").
    let target: Digest
    /// The layer's blob, where it is named.
    let layer: Digest?

    /// The label that names the committed snapshot, by which containerd finds it.
    static let targetLabel = "containerd.io/snapshot.ref"
    private static let imageLabel = "containerd.io/snapshot/cri.image-ref"
    private static let manifestLabel = "containerd.io/snapshot/cri.manifest-digest"
    private static let layerLabel = "containerd.io/snapshot/cri.layer-digest"

    /// Nil for labels that do not describe a layer of an image: a container's snapshot, or a client that sends none.
    init?(_ labels: [String: String]) {
        guard let target = labels[Self.targetLabel].flatMap({ Digest.parse($0.utf8) }),
            let manifest = labels[Self.manifestLabel].flatMap({ Digest.parse($0.utf8) }),
            let name = labels[Self.imageLabel], let reference = try? Reference(name)
        else { return nil }
        self.target = target
        self.manifest = manifest
        self.reference = reference
        layer = labels[Self.layerLabel].flatMap { Digest.parse($0.utf8) }
    }
}

extension Image {
    /// How many layers, from the bottom, make the snapshot that is asked for; nil where the request does not fit the image.
    func layerCount(for request: LazyRequest) -> Int? {
        guard let index = chainIDs.firstIndex(of: request.target) else { return nil }
        return request.layer == nil || request.layer == layers[index].descriptor.digest ? index + 1 : nil
    }
}

import HermesContainerd
import HermesCore
import HermesSupport

/// Brings an image to containerd as its own clients do: the layers that the snapshotter does not have by itself are fetched, three
/// at a time, and unpacked one after the other; manifest and configuration go to the content store.
///
/// Each layer is asked for with the labels that the kubelet's calls give (`cri.image-ref` and so on), so that a snapshotter that
/// mounts layers lazily does so.
struct ImagePull: Sendable {
    let containerd: ContainerdClient
    let source: any ImageSource
    let image: Image
    let snapshotter: String
    /// The lease that holds what is made until the image has its name.
    let lease: String

    /// Layers that are fetched at one time, as many as the kubelet's containerd fetches (max_concurrent_downloads).
    static let concurrency = 3
    /// The annotations are cut to what containerd takes as a label, with its key (4,096 bytes).
    private static let labelLimit = 4096

    /// Pulls and unpacks, and names the image. Returns how many of the layers the snapshotter had by itself. Throws
    /// `interrupted` when `isStopped` says so, and the error of what failed.
    func run(isStopped: @escaping @Sendable () -> Bool) throws -> Int {
        let chain = image.chainIDs
        var present = 0
        while present < image.layers.count, try !prepare(present, chain) { present += 1 }
        if present < image.layers.count { try fetch(from: present, chain, isStopped) }
        try addDocuments(chain)
        do {
            try containerd.createImage(image.reference, image.descriptor.forContainerd, lease: lease)
        } catch {
            throw HermesError("cannot name the image \(image.reference) in containerd", cause: error)
        }
        return present
    }

    /// The name of the snapshot into which a layer is unpacked.
    private func active(_ chain: Digest) -> String { "extract-\(lease) \(chain)" }

    /// Makes the snapshot into which a layer is unpacked. False where the snapshotter has the layer.
    private func prepare(_ index: Int, _ chain: [Digest]) throws -> Bool {
        do {
            _ = try containerd.prepareSnapshot(
                active(chain[index]), parent: index > 0 ? "\(chain[index - 1])" : "",
                labels: labels(index, chain[index]),
                of: snapshotter, lease: lease)
            return true
        } catch let error as ContainerdError where error.kind == .alreadyExists {
            return false
        } catch {
            throw HermesError(
                "the snapshotter \(snapshotter) cannot prepare layer \(index + 1) of \(image.reference)", cause: error)
        }
    }

    private func labels(_ index: Int, _ chain: Digest) -> [String: String] {
        let prefix = "containerd.io/snapshot/cri."
        let key = "\(prefix)image-layers"
        var layers = ""
        for layer in image.layers[index...] {
            let next = layers.isEmpty ? "\(layer.descriptor.digest)" : "\(layers),\(layer.descriptor.digest)"
            guard key.utf8.count + next.utf8.count <= Self.labelLimit else { break }
            layers = next
        }
        return [
            "containerd.io/snapshot.ref": "\(chain)", "\(prefix)image-ref": image.reference, key: layers,
            "\(prefix)layer-digest": "\(image.layers[index].descriptor.digest)",
            "\(prefix)manifest-digest": "\(image.descriptor.digest)",
        ]
    }

    /// Fetches and unpacks the layers from `first` on, whose snapshot is prepared.
    private func fetch(from first: Int, _ chain: [Digest], _ isStopped: @escaping @Sendable () -> Bool) throws {
        let download = LayerDownloads(self, from: first, isStopped)
        defer { download.stop() }
        for index in first..<image.layers.count {
            guard try index == first || prepare(index, chain) else { continue }
            try download.wait(for: index)
            try unpack(index, chain)
        }
    }

    private func unpack(_ index: Int, _ chain: [Digest]) throws {
        let layer = image.layers[index]
        do {
            let mounts = try containerd.mounts(active(chain[index]), of: snapshotter)
            let digest = try containerd.apply(layer.descriptor.forContainerd, to: mounts, lease: lease)
            guard digest == "\(layer.diffID)" else {
                throw HermesError(.corrupt, "it is \(digest.printable(100)), and should be \(layer.diffID)")
            }
            try containerd.commitSnapshot(
                active(chain[index]), as: "\(chain[index])", labels: ["containerd.io/snapshot.ref": "\(chain[index])"],
                of: snapshotter, lease: lease)
        } catch let error as ContainerdError where error.kind == .alreadyExists {
            // Somebody else was faster.
            return
        } catch {
            throw HermesError("cannot unpack layer \(index + 1) of \(image.reference)", cause: error)
        }
    }

    /// Adds the manifest and the configuration, with the labels by which containerd keeps what they refer to.
    private func addDocuments(_ chain: [Digest]) throws {
        let config = image.manifest.config
        let (manifest, configuration) = try waiting { [source, image] in
            (
                try await source.readManifest(image.descriptor),
                try await source.readBlob(config, limit: ImageConfig.sizeLimit)
            )
        }
        var references = ["containerd.io/gc.ref.content.config": "\(config.digest)"]
        for (index, layer) in image.layers.enumerated() {
            references["containerd.io/gc.ref.content.l.\(index)"] = "\(layer.descriptor.digest)"
        }
        var labels: [String: String] = [:]
        if let top = chain.last { labels["containerd.io/gc.ref.snapshot.\(snapshotter)"] = "\(top)" }
        try add(config, configuration, labels)
        try add(image.descriptor, manifest, references)
    }

    private func add(_ blob: Descriptor, _ bytes: [UInt8], _ labels: [String: String]) throws {
        let pieces = Pieces([bytes])
        do {
            try containerd.writeContent(blob.forContainerd, labels: labels, lease: lease) { pieces.next() }
        } catch {
            throw HermesError("cannot add \(blob.digest) of \(image.reference) to containerd", cause: error)
        }
    }
}

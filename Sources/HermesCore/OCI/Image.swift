import HermesSupport

/// One image for one platform, resolved: everything that is needed to index or to mount it.
package struct Image: Sendable {
    /// A layer, with the values that the manifest and the configuration give for it.
    package struct Layer: Sendable, Equatable {
        /// The packed layer in the registry.
        package let descriptor: Descriptor
        /// The SHA-256 of the unpacked layer.
        package let diffID: Digest
        /// How the layer is packed.
        package let compression: LayerCompression
        /// Whether the layer is kept outside the registry.
        package var isForeign: Bool { LayerCompression.isForeign(mediaType: descriptor.mediaType) }
    }

    /// The image's name as the user gave it.
    package let reference: String
    /// The manifest's descriptor, with its platform.
    package let descriptor: Descriptor
    /// The manifest.
    package let manifest: ImageManifest
    /// The configuration's file system part.
    package let config: ImageConfig
    /// The layers, lowest first.
    package let layers: [Layer]

    /// The most bytes that the layers of an image may have together, as they are packed: a pebibyte, far above any registry's
    /// limit, so that sums over layers stay in range, unpacked ones among them (deflate packs 1032 bytes into one at best).
    static let sizeLimit: Int64 = 1 << 50
    /// The most layers that an image may have. Docker and containerd refuse an image of more than 128, because overlayfs and
    /// mount(2) do; each layer takes files and mappings of the process that mounts it.
    static let layerLimit = 512

    /// Puts manifest and configuration together. Throws `corrupt` when they do not have the same number of layers, or a layer
    /// has a size that cannot be, and `unsupported` for more than `layerLimit` layers.
    package init(reference: String, descriptor: Descriptor, manifest: ImageManifest, config: ImageConfig)
        throws
    {
        let diffIDs = config.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw HermesError(
                .corrupt,
                "\(reference) has \(manifest.layers.count) layers, but its configuration lists \(diffIDs.count)"
            )
        }
        guard diffIDs.count <= Self.layerLimit else {
            throw HermesError(
                .unsupported, "\(reference) has \(diffIDs.count) layers; an image can have \(Self.layerLimit)",
                advice: "build it with fewer")
        }
        var size: Int64 = 0
        for layer in manifest.layers {
            guard layer.size >= 0, layer.size <= Self.sizeLimit - size else {
                throw HermesError(
                    .corrupt, "\(reference) has layers of more than \(Self.sizeLimit) bytes, or of a negative size")
            }
            size += layer.size
        }
        self.reference = reference
        self.descriptor = descriptor
        self.manifest = manifest
        self.config = config
        layers = zip(manifest.layers, diffIDs).map { layer, diffID in
            Layer(
                descriptor: layer, diffID: diffID,
                compression: LayerCompression(mediaType: layer.mediaType))
        }
    }
}

import HermesSupport

/// One image for one platform, resolved: everything that is needed to index or to mount it.
package struct Image: Sendable {
    /// A layer, with what the manifest and the configuration say of it.
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

    /// What the user calls the image.
    package let reference: String
    /// The manifest's descriptor, with its platform.
    package let descriptor: Descriptor
    /// The manifest.
    package let manifest: ImageManifest
    /// The configuration's file system part.
    package let config: ImageConfig
    /// The layers, lowest first.
    package let layers: [Layer]

    /// Puts manifest and configuration together. Throws `corrupt` when they do not have the same number of layers.
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

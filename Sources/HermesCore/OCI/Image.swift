/// One image for one platform, resolved: everything that is needed to index or to mount it.
public struct Image: Sendable {
    /// A layer, with what the manifest and the configuration say of it.
    public struct Layer: Sendable, Equatable {
        /// The packed layer in the registry.
        public let descriptor: Descriptor
        /// The SHA-256 of the unpacked layer.
        public let diffID: Digest
        /// How the layer is packed.
        public let compression: LayerCompression
        /// Whether the layer is kept outside the registry.
        public var isForeign: Bool { LayerCompression.isForeign(mediaType: descriptor.mediaType) }
    }

    /// What the user calls the image.
    public let reference: String
    /// The manifest's descriptor, with its platform.
    public let descriptor: Descriptor
    /// The manifest.
    public let manifest: ImageManifest
    /// The configuration's file system part.
    public let config: ImageConfig
    /// The layers, lowest first.
    public let layers: [Layer]

    /// Puts manifest and configuration together. Throws `corrupt` when they do not have the same number of layers.
    public init(reference: String, descriptor: Descriptor, manifest: ImageManifest, config: ImageConfig)
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

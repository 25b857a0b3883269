/// The index of one image: an OCI manifest (OCI image spec, manifest.md) that lists the zTOC of every layer and refers
/// to the image by its `subject`, so that registries find it as a referrer.
///
/// This is version 1 of the SOCI index, which is attached to an image without changing it.
package struct SOCIIndex: Sendable, Equatable {
    /// The media type of the document itself.
    package static let mediaType = "application/vnd.oci.image.manifest.v1+json"
    /// The artifact type that referrers are filtered by; it stands as the media type of the config.
    package static let artifactType = "application/vnd.amazon.soci.index.v1+json"
    /// The config's content.
    package static let configContent: [UInt8] = Array("{}".utf8)
    /// The largest document that is read, in bytes; registries accept no larger manifest.
    package static let sizeLimit = 4 << 20

    /// The descriptor of the config, whose content is `configContent`.
    package var config: Descriptor
    /// The zTOCs in the order of the image's layers, their compressed forms, and possibly artifacts of other kinds.
    package var layers: [Descriptor]
    /// The image's manifest.
    package var subject: Descriptor
    /// Annotations of the whole index.
    package var annotations: [String: String]

    /// Makes the index of the image whose manifest is `subject`; of that, only media type, digest and size are kept.
    package init(subject: Descriptor, layers: [Layer]) {
        config = Descriptor(
            mediaType: Self.artifactType, digest: Digest.of(Self.configContent),
            size: Int64(Self.configContent.count))
        self.layers = layers.map(\.descriptor) + layers.compactMap { $0.compressed?.descriptor(of: $0) }
        self.subject = Descriptor(mediaType: subject.mediaType, digest: subject.digest, size: subject.size)
        annotations = [Annotation.buildTool: ZTOC.buildTool]
    }

    /// The zTOCs. Throws `corrupt` if one of them does not say which layer it is for.
    package func ztocs() throws -> [Layer] {
        let compressed = Dictionary(layers.compactMap(Compressed.find), uniquingKeysWith: { first, _ in first })
        return try layers.filter { $0.mediaType == Layer.mediaType }.map { descriptor in
            var layer = try Layer(descriptor)
            layer.compressed = compressed[layer.digest]
            return layer
        }
    }

    enum Annotation {
        static let buildTool = "com.amazon.soci.build-tool-identifier"
        static let layerMediaType = "com.amazon.soci.image-layer-mediaType"
        static let layerDigest = "com.amazon.soci.image-layer-digest"
        static let spanSize = "com.amazon.soci.span-size"
        static let disableXattrs = "com.amazon.soci.disable-xattrs"
        static let ztocDigest = "ai.cloudpilot.hermes.ztoc-digest"
    }
}

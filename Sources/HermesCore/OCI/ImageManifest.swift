/// The manifest of one image or artifact (OCI image spec, manifest.md; Docker schema 2 has the same fields).
package struct ImageManifest: Codable, Sendable, Equatable {
    /// Always 2.
    package var schemaVersion: Int
    /// The document's own media type; some builders leave it out.
    package var mediaType: String?
    /// The kind of artifact, where the manifest is not an image's.
    package var artifactType: String?
    /// The configuration blob.
    package var config: Descriptor
    /// The layers, lowest first.
    package var layers: [Descriptor]
    /// The manifest that this one is about.
    package var subject: Descriptor?
    /// Values that the author adds.
    package var annotations: [String: String]?

    /// Makes a manifest of schema version 2.
    package init(
        mediaType: String? = MediaType.manifest, artifactType: String? = nil, config: Descriptor,
        layers: [Descriptor], subject: Descriptor? = nil, annotations: [String: String]? = nil
    ) {
        schemaVersion = 2
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.config = config
        self.layers = layers
        self.subject = subject
        self.annotations = annotations
    }

    /// The kind of artifact by the rule of the distribution spec: the field, or else the configuration's media type.
    package var effectiveArtifactType: String { artifactType ?? config.mediaType }
}

/// A list of manifests, one per platform (OCI image spec, image-index.md; Docker's manifest list).
package struct ImageIndex: Codable, Sendable, Equatable {
    /// Always 2.
    package var schemaVersion: Int
    /// The document's own media type; some builders leave it out.
    package var mediaType: String?
    /// The kind of artifact, where the index is not an image's.
    package var artifactType: String?
    /// The manifests.
    package var manifests: [Descriptor]
    /// The manifest that this index is about.
    package var subject: Descriptor?
    /// Values that the author adds.
    package var annotations: [String: String]?

    /// Makes an OCI image index.
    package init(manifests: [Descriptor]) {
        schemaVersion = 2
        mediaType = MediaType.index
        self.manifests = manifests
    }
}

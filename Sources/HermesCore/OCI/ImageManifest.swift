/// The manifest of one image or artifact (OCI image spec, manifest.md; Docker schema 2 has the same fields).
public struct ImageManifest: Codable, Sendable, Equatable {
    /// Always 2.
    public var schemaVersion: Int
    /// The document's own media type; some builders leave it out.
    public var mediaType: String?
    /// The kind of artifact, where the manifest is not an image's.
    public var artifactType: String?
    /// The configuration blob.
    public var config: Descriptor
    /// The layers, lowest first.
    public var layers: [Descriptor]
    /// The manifest that this one is about.
    public var subject: Descriptor?
    /// What the author adds.
    public var annotations: [String: String]?

    /// Makes a manifest of schema version 2.
    public init(
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
    public var effectiveArtifactType: String { artifactType ?? config.mediaType }
}

/// A list of manifests, one per platform (OCI image spec, image-index.md; Docker's manifest list).
public struct ImageIndex: Codable, Sendable, Equatable {
    /// Always 2.
    public var schemaVersion: Int
    /// The document's own media type; some builders leave it out.
    public var mediaType: String?
    /// The kind of artifact, where the index is not an image's.
    public var artifactType: String?
    /// The manifests.
    public var manifests: [Descriptor]
    /// The manifest that this index is about.
    public var subject: Descriptor?
    /// What the author adds.
    public var annotations: [String: String]?

    /// Makes an OCI image index.
    public init(manifests: [Descriptor]) {
        schemaVersion = 2
        mediaType = MediaType.index
        self.manifests = manifests
    }
}

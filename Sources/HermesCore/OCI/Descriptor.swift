/// A reference to a blob: its kind, its content address and its size (OCI image spec, descriptor.md).
public struct Descriptor: Codable, Sendable, Equatable {
    /// The media type of the blob.
    public var mediaType: String
    /// The content address of the blob.
    public var digest: Digest
    /// The size of the blob in bytes; a decoder of untrusted input checks that it is not negative.
    public var size: Int64
    /// Places to fetch the blob from, beside the registry that holds the manifest.
    public var urls: [String]?
    /// Free-form key and value pairs.
    public var annotations: [String: String]?
    /// The blob itself in base64, when it is embedded.
    public var data: String?
    /// The platform the blob is for, in an image index.
    public var platform: Platform?
    /// The kind of the artifact, when the descriptor is of an artifact's manifest.
    public var artifactType: String?

    /// Makes a descriptor.
    public init(
        mediaType: String, digest: Digest, size: Int64, urls: [String]? = nil,
        annotations: [String: String]? = nil, data: String? = nil, platform: Platform? = nil,
        artifactType: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.annotations = annotations
        self.data = data
        self.platform = platform
        self.artifactType = artifactType
    }
}

/// A reference to a blob: its kind, its content address and its size (OCI image spec, descriptor.md).
package struct Descriptor: Codable, Sendable, Equatable {
    /// The media type of the blob.
    package var mediaType: String
    /// The content address of the blob.
    package var digest: Digest
    /// The size of the blob in bytes; a decoder of untrusted input checks that it is not negative.
    package var size: Int64
    /// Places to fetch the blob from, beside the registry that holds the manifest.
    package var urls: [String]?
    /// Free-form key and value pairs.
    package var annotations: [String: String]?
    /// The blob itself in base64, when it is embedded.
    package var data: String?
    /// The platform the blob is for, in an image index.
    package var platform: Platform?
    /// The kind of the artifact, when the descriptor describes an artifact's manifest.
    package var artifactType: String?

    /// Makes a descriptor.
    package init(
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

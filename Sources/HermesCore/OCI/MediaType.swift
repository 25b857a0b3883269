/// The media types of images (OCI image spec, media-types.md; Docker image manifest version 2, schema 2).
package enum MediaType {
    /// The manifest of one image or artifact, OCI's form.
    package static let manifest = "application/vnd.oci.image.manifest.v1+json"
    /// A list of manifests, OCI's form.
    package static let index = "application/vnd.oci.image.index.v1+json"
    /// The manifest of one image, Docker's form.
    package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    /// A list of manifests, Docker's form.
    package static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    /// The configuration of an image, OCI's form.
    package static let config = "application/vnd.oci.image.config.v1+json"
    /// The configuration of an image, Docker's form.
    package static let dockerConfig = "application/vnd.docker.container.image.v1+json"

    static func isIndex(_ type: String) -> Bool { type == index || type == dockerManifestList }
    static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }
    static func isImageConfig(_ type: String) -> Bool { type == config || type == dockerConfig }
}

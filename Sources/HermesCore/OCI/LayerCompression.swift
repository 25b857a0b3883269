/// How a layer's tar archive is packed, as its media type says.
package enum LayerCompression: Hashable, Sendable {
    /// A plain tar archive.
    case none
    /// RFC 1952.
    case gzip
    /// RFC 8878.
    case zstd
    /// A media type that Hermes does not know (an encrypted layer, a WASM module).
    case unknown

    /// The compression that a layer of `mediaType` has; Docker's and OCI's types, foreign ones too.
    package init(mediaType: String) {
        self =
            switch mediaType {
            case "application/vnd.oci.image.layer.v1.tar",
                "application/vnd.oci.image.layer.nondistributable.v1.tar",
                "application/vnd.docker.image.rootfs.diff.tar",
                "application/vnd.docker.image.rootfs.foreign.diff.tar":
                .none
            case "application/vnd.oci.image.layer.v1.tar+gzip",
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
                .gzip
            case "application/vnd.oci.image.layer.v1.tar+zstd",
                "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
                "application/vnd.docker.image.rootfs.diff.tar.zstd":
                .zstd
            default: .unknown
            }
    }

    /// Whether a layer of `mediaType` is kept outside the registry ("foreign", "nondistributable").
    package static func isForeign(mediaType: String) -> Bool {
        mediaType.hasPrefix("application/vnd.oci.image.layer.nondistributable.")
            || mediaType.hasPrefix("application/vnd.docker.image.rootfs.foreign.")
    }
}

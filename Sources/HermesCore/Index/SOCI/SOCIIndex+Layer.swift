import HermesSupport

extension SOCIIndex {
    /// The zTOC of one layer, as an index refers to it.
    package struct Layer: Sendable, Equatable {
        /// The media type of a zTOC.
        package static let mediaType = "application/octet-stream"

        /// The zTOC's digest.
        package var digest: Digest
        /// The zTOC's size in bytes.
        package var size: Int64
        /// The digest of the layer's blob.
        package var layerDigest: Digest
        /// The media type of the layer's blob.
        package var layerMediaType: String
        /// The size that spans were asked to have, in uncompressed bytes; nil in indexes that do not say it.
        package var spanSize: Int64?
        /// Whether the layer has neither extended attributes nor opaque whiteouts, so that questions for attributes need
        /// no look at its files.
        package var disableXattrs: Bool
        /// The zTOC's compressed form, where the index lists one.
        package var compressed: Compressed?

        /// Makes the reference to the zTOC with `digest` and `size` of the blob that `layer` describes.
        package init(digest: Digest, size: Int64, layer: Descriptor, spanSize: Int64, disableXattrs: Bool) {
            self.digest = digest
            self.size = size
            layerDigest = layer.digest
            layerMediaType = layer.mediaType
            self.spanSize = spanSize
            self.disableXattrs = disableXattrs
        }

        /// Reads a reference. Throws `corrupt` if the layer's digest is missing, or the span size is not a positive
        /// number.
        package init(_ descriptor: Descriptor) throws {
            let annotations = descriptor.annotations ?? [:]
            guard let layerDigest = annotations[Annotation.layerDigest] else {
                throw HermesError(
                    .corrupt, "the SOCI index does not say which layer the zTOC \(descriptor.digest) belongs to")
            }
            digest = descriptor.digest
            size = descriptor.size
            self.layerDigest = try Digest(layerDigest)
            layerMediaType = annotations[Annotation.layerMediaType] ?? ""
            if let text = annotations[Annotation.spanSize] {
                guard let spanSize = Int64(text), spanSize > 0 else {
                    throw HermesError(
                        .corrupt,
                        "the SOCI index has a span size of \"\(text.printable(30))\" for \(layerDigest)")
                }
                self.spanSize = spanSize
            }
            disableXattrs = annotations[Annotation.disableXattrs] == "true"
        }

        /// The descriptor for an index.
        package var descriptor: Descriptor {
            var annotations = [
                Annotation.layerMediaType: layerMediaType, Annotation.layerDigest: layerDigest.description,
            ]
            if let spanSize { annotations[Annotation.spanSize] = String(spanSize) }
            if disableXattrs { annotations[Annotation.disableXattrs] = "true" }
            return Descriptor(mediaType: Self.mediaType, digest: digest, size: size, annotations: annotations)
        }
    }
}

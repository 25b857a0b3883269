import HermesSupport

extension SOCIIndex {
    /// A zTOC as one zstd frame (RFC 8878), which an index of Hermes lists beside the zTOC. Most of a zTOC are windows that are
    /// mostly zero, so that this has a tenth of the bytes. Readers that do not know it pass it over, as it names no layer.
    ///
    /// The zTOC's own digest is what says whether its content is right.
    package struct Compressed: Sendable, Equatable {
        /// The media type of the frame.
        package static let mediaType = "application/vnd.hermes.ztoc.v1+zstd"

        /// The frame's digest.
        package var digest: Digest
        /// The frame's size in bytes.
        package var size: Int64

        /// Makes the reference to a frame.
        package init(digest: Digest, size: Int64) {
            self.digest = digest
            self.size = size
        }

        /// The frame that a descriptor of an index stands for, under the digest of the zTOC; nil for anything else.
        static func find(_ descriptor: Descriptor) -> (ztoc: Digest, frame: Compressed)? {
            guard descriptor.mediaType == mediaType,
                let ztoc = descriptor.annotations?[Annotation.ztocDigest].flatMap({ try? Digest($0) })
            else { return nil }
            return (ztoc, Compressed(digest: descriptor.digest, size: descriptor.size))
        }

        /// The descriptor for an index that lists `ztoc`.
        package func descriptor(of ztoc: Layer) -> Descriptor {
            Descriptor(
                mediaType: Self.mediaType, digest: digest, size: size,
                annotations: [Annotation.ztocDigest: ztoc.digest.description])
        }
    }
}

import HermesCore
import HermesSupport

/// An image manifest with an index in the store.
struct IndexedImage: Hashable, Sendable {
    let manifest: Digest
    /// The bytes of its layers as its registry has them; nil for an index of an older program.
    let size: Int64?
    /// When the index was ready, in Unix seconds.
    let since: Int64
}

extension ArtifactStore {
    /// The manifests with an index that an image may be on a node of `platform`: those that were found under the text of a Pod, and the
    /// one with the digest that the node reports, which can also be that of a list of manifests. 100 at most. Blocks.
    func indexed(_ image: String, digest: Digest?, _ platform: Platform) throws -> [IndexedImage] {
        // A Pod can hold any text.
        guard let reference = try? Reference(image) else { return [] }
        let reported = digest.map { "\(reference.registry)/\(reference.repository)@\($0)" }
        return try transaction(.read) { state in
            try state.connection.rows(
                """
                SELECT image, image_size, updated FROM artifacts
                WHERE (source = ?1 OR source = ?2 OR image = ?2) AND platform = ?3 AND index_digest IS NOT NULL LIMIT 100
                """, .text("\(reference)"), .optional(reported), .text("\(platform.normalized)")
            ) { row in
                let key = try Artifact.Key(image: row.text(0), platform: "\(platform.normalized)")
                return IndexedImage(
                    manifest: key.manifest, size: try row.optionalInt64(1), since: try row.int64(2))
            }
        }
    }
}

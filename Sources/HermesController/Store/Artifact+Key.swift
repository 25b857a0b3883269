import HermesCore
import HermesSupport

extension Artifact {
    /// What an artifact is found by. Equal images have equal keys, however they are written.
    package struct Key: Sendable, Hashable {
        /// "registry/repository@sha256:...", with Docker's defaults filled in.
        package let image: String
        /// The digest of the image's manifest, as in `image`.
        package let manifest: Digest
        /// "os/arch[/variant]", in canonical words.
        package let platform: String

        /// Makes the key of a manifest in a repository. A tag of `reference` does not matter. Throws `usage` where the
        /// reference has no digest.
        package init(_ reference: Reference, _ platform: Platform) throws {
            guard let digest = reference.digest else {
                throw HermesError(.usage, "the image \(reference) has no digest")
            }
            image = "\(reference.registry)/\(reference.repository)@\(digest)"
            manifest = digest
            self.platform = "\(platform.normalized)"
        }

        /// Reads a key as people and programs write it. Throws `usage`.
        package init(image: String, platform: String) throws {
            try self.init(Reference(image), Platform(parsing: platform))
        }
    }
}

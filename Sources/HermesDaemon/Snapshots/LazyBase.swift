import HermesCore

/// The file system of a committed snapshot that is no folder on the disk: the lowest layers of an image, merged, as they are
/// mounted lazily. Whatever lies below such a snapshot is part of it.
package struct LazyBase: Sendable, Hashable {
    /// The digest of the image's manifest.
    package let image: Digest
    /// The name that it was pulled by: where its layers come from.
    package let reference: String
    /// How many of the image's layers, at least 1.
    package let layers: Int

    package init(image: Digest, reference: String, layers: Int) {
        self.image = image
        self.reference = reference
        self.layers = layers
    }
}

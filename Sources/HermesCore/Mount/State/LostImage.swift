import HermesSupport

/// An image that was mounted before the daemon was started again, and whose files are answered with EIO since.
package struct LostImage: Codable, Sendable, Equatable {
    /// Where it came from.
    package var image: String
    package var manifest: Digest
    /// Why it could not be opened again, in one line.
    package var cause: String
}

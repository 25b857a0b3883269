import HermesCore

/// What a daemon says of itself on its status socket: a JSON document, whose fields docs/operations.md describes.
package struct DaemonStatus: Codable, Sendable, Equatable {
    package var version: String
    /// When the daemon was started, in UTC as RFC 3339 has it.
    package var started: String
    /// Of which moment this is.
    package var written: String
    package var uptimeSeconds: Int
    /// Whether it answers containerd.
    package var ready: Bool
    /// The images that are mounted, in the order of their names.
    package var images: [ImageStatus]
    /// The manifests of the images of which the disk has something, mounted or not.
    package var cached: [Digest]
    /// The images that were mounted before the daemon was started again and could not be opened again, as long as the kernel
    /// remembers files of them: it does while they are used, and afterwards until it needs the memory.
    package var lost: [LostImage]
    /// The last images that were left to containerd, the latest first.
    package var left: [LeftImage]

    /// The socket on which the daemon tells it that answers containerd at `address`.
    package static func socket(beside address: String) -> String { "\(address).status" }
}

import Glibc
import HermesCore

/// What a controller is told. A value.
package struct ControllerConfiguration: Sendable {
    /// The folder of the store.
    package var folder: String
    /// Where and how nodes are answered.
    package var server: ArtifactServer.Configuration
    /// Whose tokens nodes have to send, in the place of what `server` says; nil where that counts.
    package var tokenReview: TokenReviewTerms?
    /// Mirrors and certificates of registries; nil for none.
    package var hosts: HostsFolder?
    /// Uncompressed bytes between two checkpoints, from 4 KiB to 16 MiB.
    package var spanSize: Int64 = 2 << 20
    /// Images whose indexes are built at a time, at least 1.
    package var buildsAtOnce = 2
    /// Layers that are read at a time, of all images together, at least 1.
    package var layersAtOnce = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    /// Seconds that one build may take.
    package var buildTimeLimit = 3600
    /// Seconds after which an index goes that neither a Pod nor a node has used.
    package var retention: Int64 = 30 * 24 * 3600
    /// Bytes that indexes may take.
    package var sizeBudget: Int64 = .max
    /// The lease that says which of several controllers works: its namespace and name; nil when there is no other.
    package var lease: (namespace: String, name: String)?

    package init(folder: String, server: ArtifactServer.Configuration) {
        self.folder = folder
        self.server = server
    }
}

import HermesCore
import HermesSupport

/// What the store knows of one image manifest for one platform: its index, or why there is none.
package struct Artifact: Sendable, Equatable {
    /// The number of the artifact, which is never used again; a later artifact has a higher one.
    package var id: Int64
    package var key: Key
    /// The reference by which the image was found, such as "docker.io/library/debian:12".
    package var source: String
    /// The digest of the image's configuration; nil where it was not read.
    package var config: Digest?
    package var state: State
    /// When the artifact was made, last changed and last asked for, in Unix seconds.
    package var created: Int64
    package var updated: Int64
    package var used: Int64
    /// The zTOCs in the order of the index; empty for a failed artifact.
    package var layers: [SOCIIndex.Layer]

    package enum State: Sendable, Equatable {
        /// The index is there, with all its zTOCs.
        case ready(index: Descriptor)
        /// No index could be made.
        case failed(error: String)
    }

    /// The index of a ready artifact; nil for a failed one.
    package var index: Descriptor? {
        if case .ready(let index) = state { return index }
        return nil
    }
}

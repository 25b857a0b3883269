import HermesCore
import HermesSupport

extension NodeBench {
    /// What is measured, and how.
    package struct Options: Sendable {
        /// containerd's socket.
        package var address = "/run/containerd/containerd.sock"
        package var snapshotters = ["overlayfs", "hermes"]
        package var rounds = 3
        /// What is run in place of the image's command.
        package var command: [String] = []
        /// NAME=VALUE each.
        package var environment: [String] = []
        package var readiness = Readiness.exit
        package var request: WorkloadRequest?
        /// Requests after the first.
        package var warmRequests = WarmRequests.usual
        /// Seconds that a start may take until its phases are over; it then counts as timed out.
        package var timeout = 1800
        /// Whether it is waited until the node has the whole image.
        package var waitsForWhole = true
        /// Whether the caches of a node that others use are dropped.
        package var isAllowed = false

        package init() {}
    }

    /// What a snapshotter that loads images lazily says of one.
    package struct Observation: Sendable {
        package var isComplete: Bool
        /// What it fetched of the image so far, for all starts.
        package var fetchedBytes: Int64

        package init(isComplete: Bool, fetchedBytes: Int64) {
            self.isComplete = isComplete
            self.fetchedBytes = fetchedBytes
        }
    }

    /// Asks a snapshotter about an image, by the digest of its manifest; nil where it does not know the image, or is none that can
    /// be asked.
    package typealias Observer = @Sendable (_ snapshotter: String, _ manifest: Digest) throws -> Observation?

    /// Has a snapshotter forget what it remembers of an image beyond its data, such as what earlier starts read; false as long as it has
    /// the image, true where it remembers nothing or cannot be asked.
    package typealias Forgetter = @Sendable (_ snapshotter: String, _ manifest: Digest) throws -> Bool

    /// The process that serves the images of a snapshotter that loads them lazily; nil where it is none, or not known.
    package typealias Server = @Sendable (_ snapshotter: String) -> Int32?

    /// Begins to record the reads of an image, which may be mounted later; nil where the snapshotter is none that can. What it
    /// returns ends that, and is called once at most.
    package typealias Recorder =
        @Sendable (_ snapshotter: String, _ manifest: Digest) throws -> (() throws -> ReadRecord)?
}

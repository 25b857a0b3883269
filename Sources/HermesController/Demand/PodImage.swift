import HermesCore

/// What one Pod says of one image.
struct PodImage: Hashable, Sendable {
    /// Whether the Pod waits for the image now.
    var isAwaited = false
    /// Whether its node asks the registry each time what the reference means.
    var isAlwaysPulled = false
    /// What the node found the reference to be.
    var digest: Digest?
}

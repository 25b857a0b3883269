import HermesCore
import HermesSupport

/// What an image was read with, for the next look at its tag: that look asks neither the API server for secrets nor, while the tag
/// has not moved, the registry for more than the tag's digest.
struct ProvenSource: Sendable {
    /// Digests whose meaning is kept.
    static let digestLimit = 16

    /// Has the credentials that the registry took, if there were any.
    let client: RegistryClient
    /// The Pods whose credentials these are; nil for a client without any.
    let scope: PullScope?
    /// When the credentials were read.
    let since: Monotonic
    /// Which artifact a manifest or an index of the repository stands for, by its digest: it means the same for ever.
    private(set) var artifacts: [Digest: Artifact.Key] = [:]

    init(client: RegistryClient, scope: PullScope?, since: Monotonic) {
        self.client = client
        self.scope = scope
        self.since = since
    }

    /// Keeps what a digest stands for.
    mutating func learn(_ digest: Digest, _ key: Artifact.Key) {
        // A tag means few at a time. Those that still count are learnt again.
        if artifacts.count >= Self.digestLimit { artifacts = [:] }
        artifacts[digest] = key
    }
}

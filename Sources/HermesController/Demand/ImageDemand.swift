import HermesCore
import HermesKubernetes

/// Which images should have an index, and for whom: computed from the Pods, policies, namespaces and nodes of a cluster, and kept up
/// to date with each event. A pure value; the caller brings the events, in the order of each kind's watch.
///
/// An event of a Pod costs its own images times the policies that select them, an event of a policy one pass over the images and
/// their Pods. `wanted` computes only images with a change anew.
package struct ImageDemand: Sendable {
    /// What is remembered of a Pod.
    struct Record: Hashable, Sendable {
        let uid: String?
        let labels: [String: String]
        let scope: PullScope
        let images: [String: PodImage]
    }

    /// By name, as `specs` are, by which a change of a policy is told from a write of its status.
    var policies: [String: CompiledPolicy] = [:]
    var specs: [String: HermesPolicy.Spec] = [:]
    /// The labels of namespaces, by name.
    var namespaces: [String: [String: String]] = [:]
    /// The platforms of nodes, by name, and each of them once, sorted.
    var nodes: [String: Platform] = [:]
    var platforms: [Platform] = []
    /// Pods that have not ended, and their names by namespace.
    var pods: [PodName: Record] = [:]
    var podNames: [String: Set<PodName>] = [:]
    /// By the text of an image; those that a Pod of `pods` names.
    var entries: [String: DemandEntry] = [:]
    var labels = SharedValues<[String: String]>()
    var scopes = SharedValues<PullScope>()
    /// Counts the arrivals of Pods whose node asks the registry.
    var arrivals = 0
    /// Another number whenever `wanted` may give something else. Most events, such as the heartbeats of nodes, change nothing.
    var revision = 0
    /// The platform that counts while the cluster has no node, as when its nodes come with its Pods.
    private let fallback: Platform?

    package init(fallback: Platform? = .host) { self.fallback = fallback }

    /// All images that policies want, for each platform, in no order.
    package mutating func wanted() -> [WantedImage] {
        var all: [WantedImage] = []
        let platforms = platforms.isEmpty ? fallback.map { [$0] } ?? [] : platforms
        for image in Array(entries.keys) {
            if let wanted = entries[image]?.wanted(image, policies, nodes: platforms) { all += wanted }
        }
        return all
    }

    /// The policies as they are compiled, by name.
    package func policy(_ name: String) -> CompiledPolicy? { policies[name] }
}

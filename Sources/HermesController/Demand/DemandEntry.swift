import HermesCore

/// What is known of one image text: the Pods that name it, the policies whose expressions select it, and sums over the Pods that one
/// of these policies selects. The sums are kept up to date, so that an event costs the same however many Pods there are.
struct DemandEntry: Sendable {
    /// Pods that are named for an image.
    static let sampleSize = 5

    private struct Use {
        let image: PodImage
        let scope: PullScope
        /// How many policies select the image and the Pod.
        var selections = 0
    }

    private var users: [PodName: Use] = [:]
    /// How many of the Pods each policy selects; policies that select the image only.
    private(set) var policies: [String: Int] = [:]
    private var selected: Set<PodName> = []
    private var awaited = 0
    private var scopes: [PullScope: Int] = [:]
    private var digests: [Digest: Int] = [:]
    /// The number of the last arrival of a Pod whose node asks the registry.
    var arrival = 0 { didSet { wanted = nil } }
    /// The demand as it was computed last; nil when something has changed since.
    private var wanted: [WantedImage]?

    var isUnused: Bool { users.isEmpty }

    /// A Pod names the image, and these of `policies` select the Pod.
    mutating func attach(_ pod: PodName, _ image: PodImage, _ scope: PullScope, selectedBy names: [String]) {
        users[pod] = Use(image: image, scope: scope)
        for name in names { select(pod, for: name) }
    }

    /// A Pod does not name the image any more. `names` are those that `attach` was given, after changes of the policies.
    mutating func detach(_ pod: PodName, selectedBy names: [String]) {
        for name in names { unselect(pod, for: name) }
        users[pod] = nil
    }

    /// A policy selects the image from now on, and those of its Pods for which `includes` is true.
    mutating func add(policy: String, where includes: (PodName) -> Bool) {
        policies[policy] = 0
        for pod in users.keys where includes(pod) { select(pod, for: policy) }
    }

    /// A policy does not select the image any more; `includes` is the same as it was for `add`.
    mutating func remove(policy: String, where includes: (PodName) -> Bool) {
        guard policies[policy] != nil else { return }
        for pod in users.keys where includes(pod) { unselect(pod, for: policy) }
        policies[policy] = nil
    }

    /// The platforms of the nodes, or a policy's, have changed.
    mutating func forgetWanted() { wanted = nil }

    private mutating func select(_ pod: PodName, for policy: String) {
        wanted = nil
        policies[policy, default: 0] += 1
        guard var use = users[pod] else { return }
        use.selections += 1
        users[pod] = use
        if use.selections == 1 { count(pod, use, 1) }
    }

    private mutating func unselect(_ pod: PodName, for policy: String) {
        wanted = nil
        policies[policy, default: 1] -= 1
        guard var use = users[pod] else { return }
        use.selections -= 1
        users[pod] = use
        if use.selections == 0 { count(pod, use, -1) }
    }

    private mutating func count(_ pod: PodName, _ use: Use, _ difference: Int) {
        if difference > 0 { selected.insert(pod) } else { selected.remove(pod) }
        if use.image.isAwaited { awaited += difference }
        Self.count(use.scope, difference, in: &scopes)
        if let digest = use.image.digest { Self.count(digest, difference, in: &digests) }
    }

    private static func count<Key>(_ key: Key, _ difference: Int, in counts: inout [Key: Int]) {
        let count = (counts[key] ?? 0) + difference
        counts[key] = count > 0 ? count : nil
    }

    /// The image for each platform for which a policy wants it.
    mutating func wanted(_ image: String, _ compiled: [String: CompiledPolicy], nodes: [Platform]) -> [WantedImage] {
        if let wanted { return wanted }
        var versions: [Platform: [PolicyVersion]] = [:]
        var active: Set<Platform> = []
        for (name, count) in policies where count > 0 {
            guard let policy = compiled[name] else { continue }
            for platform in policy.platforms ?? nodes {
                versions[platform, default: []].append(policy.version)
                if !policy.isPaused { active.insert(platform) }
            }
        }
        let pods = selected.prefix(Self.sampleSize).sorted()
        let scopes = scopes.keys.sorted()
        let digests = digests.keys.sorted { $0.description < $1.description }
        let wanted = versions.map { platform, policies in
            WantedImage(
                target: BuildTarget(image: image, platform: platform), policies: policies.sorted(),
                isPaused: !active.contains(platform), podCount: selected.count, pods: pods, scopes: scopes,
                isAwaited: awaited > 0, digests: digests, arrival: arrival)
        }
        self.wanted = wanted
        return wanted
    }
}

import HermesCore
import HermesKubernetes
import HermesSupport

/// What a controller knows of its cluster, and what is to be done about it: a pure value, without clock, lock or I/O.
///
/// It is level-triggered. Watches and builds tell it what is; `plan` compares that with what should be, and says all that is missing. So
/// nothing depends on an event that was seen at its time.
struct ControllerState: Sendable {
    /// The kinds that are watched. Nothing is planned before each was listed once: what is not known yet would look as if it were gone.
    enum Kind: CaseIterable {
        case pods, policies, namespaces, nodes
    }

    /// What is to be done now.
    struct Plan: Sendable {
        /// Builds to begin; each is over with `ended`.
        var begin: [WantedImage] = []
        /// Builds to stop.
        var stop: [BuildTarget] = []
        /// Policies whose status is to be written, with that status; each is over with `reported`.
        var report: [HermesPolicy] = []
        /// When there may be more to do, if nothing happens before; nil when something has to.
        var wake: Monotonic?
    }

    /// An image for a platform as the store has it: by its canonical reference.
    struct Stored: Hashable, Sendable {
        let reference: String
        let platform: String
    }

    /// Milliseconds between two writes of one policy's status.
    static let reportPause = 1000

    private var demand = ImageDemand()
    private var queue: BuildQueue
    private var policies: [String: HermesPolicy] = [:]
    /// What the last build of a target found, or the store had.
    private var images: [BuildTarget: HermesPolicy.Image] = [:]
    private let stored: [Stored: HermesPolicy.Image]
    private var listed: Set<Kind> = []
    private var reporting: Set<String> = []
    private var reportedAt: [String: Monotonic] = [:]
    /// What was wanted at the last plan, and the revision of the demand then.
    private var wanted: [WantedImage] = []
    private var plannedRevision: Int?
    /// Whether something else has happened since the last plan.
    private var hasNews = false
    /// Whether a policy's status may differ from what was written.
    private var areStatusesDue = false

    /// `atOnce` builds run at one time, at least 1. `stored` are the images whose index the store has from before.
    init(atOnce: Int, stored: [Stored: HermesPolicy.Image]) {
        queue = BuildQueue(atOnce: atOnce)
        self.stored = stored
    }

    /// The kinds that were not listed yet.
    var missing: [Kind] { Kind.allCases.filter { !listed.contains($0) } }

    /// Whether the next plan may hold something, whatever the time is.
    var isChanged: Bool { missing.isEmpty && (hasNews || plannedRevision != demand.revision) }

    /// The images whose index can be served, of all that are wanted.
    var readyImages: [HermesPolicy.Image] { images.values.filter { $0.phase == .ready } }

    /// Builds that run, and images by phase.
    var counts: (running: Int, phases: [HermesPolicy.Image.Phase: Int]) {
        (queue.running, Dictionary(images.values.map { ($0.phase, 1) }, uniquingKeysWith: +))
    }

    /// Whether a policy wants the target, as of the last plan.
    func wants(_ target: BuildTarget) -> Bool { queue.state(of: target) != nil }

    /// The platform of a node by its name; nil when it is not known.
    func platform(ofNode name: String) -> Platform? { demand.nodes[name] }

    /// A policy as the API server had it last.
    func policy(_ name: String) -> HermesPolicy? { policies[name] }

    // MARK: What the cluster says

    mutating func take(_ change: WatchChange<Pod>) {
        switch change {
        case .replaced(let all):
            demand.replace(pods: all)
            list(.pods)
        case .changed(let pod): demand.apply(pod: pod)
        case .deleted(let pod): demand.remove(pod: PodName(pod))
        }
    }

    mutating func take(_ change: WatchChange<HermesPolicy>) {
        switch change {
        case .replaced(let all):
            demand.replace(policies: all)
            policies = Dictionary(all.map { ($0.metadata.name, $0) }, uniquingKeysWith: { _, last in last })
            list(.policies)
            takeNews()
        case .changed(let policy):
            demand.apply(policy: policy)
            // A write of the controller's own comes back as an event.
            if policies.updateValue(policy, forKey: policy.metadata.name) != policy { takeNews() }
        case .deleted(let policy):
            demand.remove(policy: policy.metadata.name)
            policies[policy.metadata.name] = nil
            reportedAt[policy.metadata.name] = nil
        }
    }

    mutating func take(_ change: WatchChange<Namespace>) {
        switch change {
        case .replaced(let all):
            demand.replace(namespaces: all)
            list(.namespaces)
        case .changed(let namespace): demand.apply(namespace: namespace)
        case .deleted(let namespace): demand.remove(namespace: namespace.metadata.name)
        }
    }

    mutating func take(_ change: WatchChange<Node>) {
        switch change {
        case .replaced(let all):
            demand.replace(nodes: all)
            list(.nodes)
        case .changed(let node): demand.apply(node: node)
        case .deleted(let node): demand.remove(node: node.metadata.name)
        }
    }

    private mutating func list(_ kind: Kind) {
        if listed.insert(kind).inserted { takeNews() }
    }

    private mutating func takeNews() {
        hasNews = true
        areStatusesDue = true
    }

    // MARK: What was done

    /// A build that a plan began has ended. `found` is the image's state if the build has one to tell. `random` is from 0 to 1.
    mutating func ended(
        _ target: BuildTarget, _ outcome: BuildQueue.Outcome, found: HermesPolicy.Image?, random: Double, now: Monotonic
    ) {
        queue.ended(target, outcome, random: random, now: now)
        hasNews = true
        guard let found, wants(target) else { return }
        // What was built before is still served, whatever a later try says.
        if found.phase != .ready, images[target]?.phase == .ready { return }
        // Most looks at a tag find what was found before.
        if images.updateValue(found, forKey: target) != found { areStatusesDue = true }
    }

    /// The write of a policy's status has ended; `policy` is what the API server has now, nil when it took nothing.
    mutating func reported(_ name: String, _ policy: HermesPolicy?, now: Monotonic) {
        reporting.remove(name)
        reportedAt[name] = now
        takeNews()
        // A watch may have brought a later one meanwhile, or its end.
        guard let policy, let known = policies[name], known.metadata.uid == policy.metadata.uid else { return }
        policies[name]?.status = policy.status
        policies[name]?.metadata.resourceVersion = policy.metadata.resourceVersion
    }

    // MARK: What is to be done

    /// `time` is `now` on the clock that people read.
    mutating func plan(now: Monotonic, time: Timestamp) -> Plan {
        guard missing.isEmpty else { return Plan() }
        hasNews = false
        var plan = Plan()
        if plannedRevision != demand.revision {
            plannedRevision = demand.revision
            wanted = demand.wanted()
            plan.stop = queue.want(wanted, now: now)
            keep()
            areStatusesDue = true
        }
        while let next = queue.next(now: now) { plan.begin.append(next) }
        plan.wake = queue.wakeTime
        if areStatusesDue { report(&plan, now: now, time: time) }
        return plan
    }

    /// Adds to a plan the statuses that are to be written.
    private mutating func report(_ plan: inout Plan, now: Monotonic, time: Timestamp) {
        areStatusesDue = false
        for (name, images) in states() {
            guard let policy = policies[name], let compiled = demand.policy(name), !reporting.contains(name) else {
                continue
            }
            let status = PolicyStatus.status(of: policy, compiled: compiled, images: images, now: time)
            guard status != policy.status else { continue }
            if let last = reportedAt[name]?.adding(milliseconds: Self.reportPause), now < last {
                plan.wake = min(plan.wake ?? last, last)
                areStatusesDue = true
                continue
            }
            var report = policy
            report.status = status
            reporting.insert(name)
            plan.report.append(report)
        }
    }

    /// Remembers images that are wanted and no others.
    private mutating func keep() {
        let targets = Set(wanted.map(\.target))
        images = images.filter { targets.contains($0.key) }
        for target in targets where images[target] == nil {
            guard let reference = try? Reference(target.image) else { continue }
            images[target] = stored[Stored(reference: "\(reference)", platform: "\(target.platform.normalized)")]
        }
    }

    /// The images of each policy. One that nobody may build, as all its policies are paused, and that was never built has no state.
    private func states() -> [String: [HermesPolicy.Image]] {
        var states = policies.mapValues { _ in [HermesPolicy.Image]() }
        for wish in wanted {
            let image: HermesPolicy.Image
            // A build that failed and is tried again has failed until it is ready.
            if let known = images[wish.target] {
                image = known
            } else if wish.isPaused {
                continue
            } else {
                image = HermesPolicy.Image(
                    imageDigestRef: wish.target.image, platform: "\(wish.target.platform)", phase: .building)
            }
            for policy in wish.policies { states[policy.name]?.append(image) }
        }
        return states
    }
}

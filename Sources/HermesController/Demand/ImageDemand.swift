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

    private(set) var policies: [String: CompiledPolicy] = [:]
    private var specs: [String: HermesPolicy.Spec] = [:]
    private var namespaces: [String: [String: String]] = [:]
    private var nodes: [String: Platform] = [:]
    private var platforms: [Platform] = []
    private var pods: [PodName: Record] = [:]
    private var podNames: [String: Set<PodName>] = [:]
    private var entries: [String: DemandEntry] = [:]
    private(set) var labels = SharedValues<[String: String]>()
    private var scopes = SharedValues<PullScope>()
    private var arrivals = 0

    package init() {}

    /// All images that policies want, for each platform, in no order.
    package mutating func wanted() -> [WantedImage] {
        var all: [WantedImage] = []
        for image in Array(entries.keys) {
            if let wanted = entries[image]?.wanted(image, policies, nodes: platforms) { all += wanted }
        }
        return all
    }

    /// The policies as they are compiled, by name.
    package func policy(_ name: String) -> CompiledPolicy? { policies[name] }
}

// MARK: Pods

extension ImageDemand {
    /// A Pod was added or has changed.
    package mutating func apply(pod: Pod) {
        let name = PodName(pod)
        guard !pod.hasEnded else { return remove(pod: name) }
        let before = pods[name]
        let images = pod.images
        let record = Record(
            uid: pod.metadata.uid, labels: pod.metadata.labels ?? [:], scope: PullScope(pod), images: images)
        // Most events are about what does not concern images.
        guard record != before else { return }
        store(record, name)
        if let before {
            for image in before.images.keys { detach(name, before, image) }
        }
        for (image, use) in images {
            attach(name, use, image)
            guard use.isAlwaysPulled, use.isAwaited else { continue }
            if before?.uid == record.uid, before?.images[image]?.isAwaited == true { continue }
            arrivals += 1
            entries[image]?.arrival = arrivals
        }
        for image in (before?.images ?? [:]).keys { dropUnused(image) }
    }

    /// A Pod is gone.
    package mutating func remove(pod name: PodName) {
        guard let record = pods.removeValue(forKey: name) else { return }
        podNames[name.namespace]?.remove(name)
        if podNames[name.namespace]?.isEmpty == true { podNames[name.namespace] = nil }
        for image in record.images.keys {
            detach(name, record, image)
            dropUnused(image)
        }
        release(record)
    }

    /// These are all Pods of the cluster.
    package mutating func replace(pods all: [Pod]) {
        let names = Set(all.map { PodName($0) })
        for name in Array(pods.keys) where !names.contains(name) { remove(pod: name) }
        for pod in all { apply(pod: pod) }
    }

    /// Remembers a Pod with its texts shared.
    private mutating func store(_ record: Record, _ name: PodName) {
        var images: [String: PodImage] = [:]
        for (image, use) in record.images {
            images[entries.index(forKey: image).map { entries.keys[$0] } ?? image] = use
        }
        let shared = Record(
            uid: record.uid, labels: labels.share(record.labels), scope: scopes.share(record.scope), images: images)
        if let before = pods.updateValue(shared, forKey: name) {
            release(before)
        } else {
            podNames[name.namespace, default: []].insert(name)
        }
    }

    private mutating func release(_ record: Record) {
        labels.release(record.labels)
        scopes.release(record.scope)
    }

    private mutating func attach(_ name: PodName, _ use: PodImage, _ image: String) {
        guard let record = pods[name] else { return }
        if entries[image] == nil {
            var entry = DemandEntry()
            for (policy, compiled) in policies where compiled.selects(image: image) {
                entry.add(policy: policy) { _ in false }
            }
            entries[image] = entry
        }
        let names = selecting(record, in: name.namespace, image)
        entries[image]?.attach(name, use, record.scope, selectedBy: names)
    }

    private mutating func detach(_ name: PodName, _ record: Record, _ image: String) {
        let names = selecting(record, in: name.namespace, image)
        entries[image]?.detach(name, selectedBy: names)
    }

    /// Policies that select the image and the Pod.
    private func selecting(_ record: Record, in namespace: String, _ image: String) -> [String] {
        guard let candidates = entries[image]?.policies.keys else { return [] }
        return candidates.filter {
            policies[$0]?.includes(pod: record.labels, namespace: namespaces[namespace]) ?? false
        }
    }

    private mutating func dropUnused(_ image: String) {
        if entries[image]?.isUnused == true { entries[image] = nil }
    }
}

// MARK: Policies

extension ImageDemand {
    /// A policy was added or has changed.
    package mutating func apply(policy: HermesPolicy) {
        let name = policy.metadata.name
        // The controller's own writes of the status come back as events.
        if specs[name] == policy.spec, policies[name]?.version.generation == policy.metadata.generation ?? 0 { return }
        remove(policy: name)
        let compiled = CompiledPolicy(policy)
        specs[name] = policy.spec
        policies[name] = compiled
        let includes = includes(compiled)
        for image in Array(entries.keys) where compiled.selects(image: image) {
            entries[image]?.add(policy: name, where: includes)
        }
    }

    /// A policy is gone.
    package mutating func remove(policy name: String) {
        guard let compiled = policies.removeValue(forKey: name) else { return }
        specs[name] = nil
        let includes = includes(compiled)
        for image in Array(entries.keys) { entries[image]?.remove(policy: name, where: includes) }
    }

    /// These are all policies of the cluster.
    package mutating func replace(policies all: [HermesPolicy]) {
        let names = Set(all.map(\.metadata.name))
        for name in Array(policies.keys) where !names.contains(name) { remove(policy: name) }
        for policy in all { apply(policy: policy) }
    }

    private func includes(_ policy: CompiledPolicy) -> (PodName) -> Bool {
        guard policy.scope != nil else { return { _ in true } }
        let (pods, namespaces) = (pods, namespaces)
        return { name in
            policy.includes(pod: pods[name]?.labels ?? [:], namespace: namespaces[name.namespace])
        }
    }
}

// MARK: Namespaces and nodes

extension ImageDemand {
    /// A namespace was added or has changed.
    package mutating func apply(namespace: Namespace) {
        label(namespace.metadata.name, namespace.metadata.labels ?? [:])
    }

    /// A namespace is gone.
    package mutating func remove(namespace name: String) { label(name, nil) }

    /// These are all namespaces of the cluster.
    package mutating func replace(namespaces all: [Namespace]) {
        let names = Set(all.map(\.metadata.name))
        for name in Array(namespaces.keys) where !names.contains(name) { remove(namespace: name) }
        for namespace in all { apply(namespace: namespace) }
    }

    private mutating func label(_ namespace: String, _ labels: [String: String]?) {
        guard namespaces[namespace] != labels else { return }
        let affected = (podNames[namespace] ?? []).compactMap { name in pods[name].map { (name, $0) } }
        for (name, record) in affected {
            for image in record.images.keys { detach(name, record, image) }
        }
        namespaces[namespace] = labels
        for (name, record) in affected {
            for (image, use) in record.images { attach(name, use, image) }
        }
    }

    /// A node was added or has changed.
    package mutating func apply(node: Node) { set(node.metadata.name, node.platform) }

    /// A node is gone.
    package mutating func remove(node name: String) { set(name, nil) }

    /// These are all nodes of the cluster.
    package mutating func replace(nodes all: [Node]) {
        let names = Set(all.map(\.metadata.name))
        for name in Array(nodes.keys) where !names.contains(name) { remove(node: name) }
        for node in all { apply(node: node) }
    }

    private mutating func set(_ node: String, _ platform: Platform?) {
        guard nodes[node] != platform else { return }
        nodes[node] = platform
        let all = Set(nodes.values)
        guard all != Set(platforms) else { return }
        platforms = all.sorted { $0.description < $1.description }
        for image in Array(entries.keys) { entries[image]?.forgetWanted() }
    }
}

import HermesCore
import HermesKubernetes

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
        revision += 1
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
        revision += 1
        platforms = all.sorted { $0.description < $1.description }
        for image in Array(entries.keys) { entries[image]?.forgetWanted() }
    }
}

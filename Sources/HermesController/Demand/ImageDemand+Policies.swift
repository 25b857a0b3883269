import HermesKubernetes

extension ImageDemand {
    /// A policy was added or has changed.
    package mutating func apply(policy: HermesPolicy) {
        let name = policy.metadata.name
        // The controller's own writes of the status come back as events.
        if specs[name] == policy.spec, policies[name]?.version.generation == policy.metadata.generation ?? 0 { return }
        remove(policy: name)
        revision += 1
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
        revision += 1
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

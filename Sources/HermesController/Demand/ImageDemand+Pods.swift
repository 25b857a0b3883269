import HermesKubernetes

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
        revision += 1
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
        revision += 1
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

    /// Counts a Pod of `pods` for one of its images.
    mutating func attach(_ name: PodName, _ use: PodImage, _ image: String) {
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

    /// Takes back what `attach` counted for a Pod that was `record` then; policies and namespaces have not changed since.
    mutating func detach(_ name: PodName, _ record: Record, _ image: String) {
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

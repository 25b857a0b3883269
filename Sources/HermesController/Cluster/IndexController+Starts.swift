import HermesKubernetes
import HermesSupport

extension IndexController {
    /// Images of one Pod that are looked for; a hostile Pod has thousands.
    private static let imageLimit = 64

    /// Counts starts of Pods, and tells those who look at a Pod when its probes are too short for it.
    func note(_ news: [PodStarts.News]) async {
        let starts = news.filter { $0.start != nil }
        if !starts.isEmpty {
            do {
                // The store blocks.
                try await SystemThread.run("hermes-starts") { [self] in
                    for one in starts { try count(one) }
                }
            } catch {
                log.warning("the starts of Pods are not counted", metadata: ["cause": "\(error)"])
            }
        }
        for one in news {
            for advice in one.advice {
                events.record(
                    .warning, ObjectReference(apiVersion: "v1", kind: "Pod", one.pod.metadata),
                    reason: ProbeAdvice.reason, message: advice.message)
            }
        }
    }

    private func count(_ news: PodStarts.News) throws {
        let pod = news.pod
        guard let start = news.start, let creation = Timestamp(rfc3339: pod.metadata.creationTimestamp) else { return }
        let name = pod.spec.nodeName ?? ""
        let (labels, platform) = shared.withLock {
            ($0.value.nodeLabels[name] ?? [:], $0.value.state.platform(ofNode: name) ?? .host)
        }
        let node = NodeName(name)
        let images = try pod.images.prefix(Self.imageLimit).flatMap { image, use in
            try build.store.indexed(image, digest: use.digest, platform)
        }
        coldStarts.observe(
            start,
            ColdStartLabels(nodeLabels: labels, images: images, creation: creation.seconds) { manifest in
                node.flatMap { questions.last($0, manifest) }
            })
    }
}

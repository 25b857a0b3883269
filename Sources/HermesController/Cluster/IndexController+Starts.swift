import HermesKubernetes
import HermesSupport

extension IndexController {
    /// Counts starts of Pods, and tells those who look at a Pod when its probes are too short for it.
    func note(_ news: [PodStarts.News]) {
        for one in news {
            if let start = one.start {
                let node = shared.withLock { $0.value.nodeLabels[one.pod.spec.nodeName ?? ""] }
                // Whether the node showed the image lazily is known to the node alone.
                coldStarts.observe(start, ColdStartLabels(nodeLabels: node ?? [:], bytes: nil, isLazy: nil))
            }
            for advice in one.advice {
                events.record(
                    .warning, ObjectReference(apiVersion: "v1", kind: "Pod", one.pod.metadata),
                    reason: ProbeAdvice.reason, message: advice.message)
            }
        }
    }
}

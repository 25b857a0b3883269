import HermesKubernetes
import HermesSupport

/// The Pods that are on their way to their first Ready, and what is learned of each. A pure value.
struct PodStarts: Sendable {
    /// What an event says of a Pod's start.
    struct News: Sendable {
        let pod: Pod
        /// Set when the Pod has just become ready for the first time.
        let start: ColdStart?
        /// Advice that was not given for this Pod before.
        let advice: [ProbeAdvice]
    }

    private struct Record {
        var pod: Pod
        /// The containers for which advice was given.
        var advised: Set<String> = []
    }

    private var starting: [PodName: Record] = [:]

    /// Takes a change, and gives what it says; nothing of most.
    mutating func take(_ change: WatchChange<Pod>) -> [News] {
        switch change {
        case .replaced(let all):
            let names = Set(all.map { PodName($0) })
            starting = starting.filter { names.contains($0.key) }
            return all.compactMap { changed($0) }
        case .changed(let pod): return changed(pod).map { [$0] } ?? []
        case .deleted(let pod):
            starting[PodName(pod)] = nil
            return []
        }
    }

    private mutating func changed(_ pod: Pod) -> News? {
        let name = PodName(pod)
        let before = starting[name]
        guard !pod.hasEnded else {
            starting[name] = nil
            return nil
        }
        let start = ColdStart(from: before?.pod, to: pod)
        var record = Record(pod: pod)
        if let before, before.pod.metadata.uid == pod.metadata.uid { record.advised = before.advised }
        // A Pod that was ready when it was first seen has nothing to tell.
        let advice =
            before == nil && pod.readySince != nil
            ? [] : ProbeAdvice.advice(for: pod, start: start).filter { !record.advised.contains($0.container) }
        record.advised.formUnion(advice.map(\.container))
        starting[name] = pod.readySince == nil ? record : nil
        return start == nil && advice.isEmpty ? nil : News(pod: pod, start: start, advice: advice)
    }
}

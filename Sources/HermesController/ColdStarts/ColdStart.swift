import HermesKubernetes
import HermesSupport

/// How long a Pod took from its creation until it was ready, in whole seconds, as the API server has times.
package struct ColdStart: Equatable, Sendable {
    /// From the Pod's creation to Ready.
    package let total: Int64
    /// From the Pod's creation to the start of its last container: scheduling, init containers and the images of all of them.
    package let pull: Int64
    /// From the start of the last container to Ready: what the program does before it serves, such as loading a model.
    package let load: Int64

    /// The start of a Pod that has just become ready for the first time, from the Pod before the event and after it; nil for
    /// every other event, so that a Pod counts once.
    ///
    /// A Pod that was ready before is known by a Ready condition that turned false after its containers had started. That does
    /// not show where a container was restarted, so a Pod with restarts does not count. Nor does one that the
    /// controller sees for the first time when it is ready.
    package init?(from old: Pod?, to new: Pod) {
        guard let old, old.metadata.uid == new.metadata.uid, old.readySince == nil, let ready = new.readySince,
            let creation = Timestamp(rfc3339: new.metadata.creationTimestamp), let start = new.lastContainerStart,
            !new.wasRestarted
        else { return nil }
        if let unready = old.unreadySince, unready.seconds > start.seconds { return nil }
        total = ready.seconds(since: creation)
        pull = start.seconds(since: creation)
        load = ready.seconds(since: start)
    }
}

extension Pod {
    /// Since when the Pod is ready; nil when it is not.
    var readySince: Timestamp? { readiness("True") }

    /// Since when the Pod is known not to be ready; nil when it is ready, or nothing is known.
    var unreadySince: Timestamp? { readiness("False") }

    private func readiness(_ status: String) -> Timestamp? {
        guard let condition = self.status?.conditions?.first(where: { $0.type == "Ready" }), condition.status == status
        else { return nil }
        return Timestamp(rfc3339: condition.lastTransitionTime)
    }

    /// When the last of its containers started; nil when one has not.
    fileprivate var lastContainerStart: Timestamp? {
        let statuses = status?.containerStatuses ?? []
        guard statuses.count >= spec.containers.count else { return nil }
        var last: Timestamp?
        for status in statuses {
            guard let start = status.start else { return nil }
            if last.map({ start.seconds > $0.seconds }) ?? true { last = start }
        }
        return last
    }

    fileprivate var wasRestarted: Bool { (status?.containerStatuses ?? []).contains { ($0.restartCount ?? 0) > 0 } }
}

extension Pod.ContainerStatus {
    /// When the container started for the last time; nil when it has not.
    var start: Timestamp? { Timestamp(rfc3339: state?.running?.startedAt ?? state?.terminated?.startedAt) }
}

import HermesKubernetes
import HermesSupport

/// Advice for a container that needs longer to start than its liveness probe grants it, for an event of the type Warning.
package struct ProbeAdvice: Equatable, Sendable {
    /// The reason of the event.
    package static let reason = "ProbesTooShort"

    /// The container's name.
    package let container: String
    /// One sentence for people with the numbers, and one with the settings that would do.
    package let message: String

    /// The advice for a Pod's containers. A container is measured when its Pod is ready for the first time, as `start` says, or when
    /// it is restarted again and again: the last run ended about when the probe gives up, and the Pod is not ready.
    package static func advice(for pod: Pod, start: ColdStart?) -> [ProbeAdvice] {
        let statuses = Dictionary((pod.status?.containerStatuses ?? []).map { ($0.name, $0) }) { first, _ in first }
        return pod.spec.containers.compactMap { container in
            guard container.startupProbe == nil, let limit = container.livenessProbe.map(Patience.init),
                let status = statuses[container.name]
            else { return nil }
            if start != nil, let ready = pod.readySince, let begin = status.start {
                // A container without a readiness probe is ready when it has started, so the Pod did not wait for it.
                guard container.readinessProbe != nil else { return nil }
                return measured(container.name, ready.seconds(since: begin), limit)
            }
            return pod.readySince == nil ? restarted(container.name, status, limit) : nil
        }
    }

    private static func measured(_ container: String, _ seconds: Int64, _ limit: Patience) -> ProbeAdvice? {
        guard seconds > limit.seconds else { return nil }
        return ProbeAdvice(
            container: container,
            message:
                "Container \(container.printable(63)) was ready \(seconds) s after its start, but its livenessProbe "
                + "may restart it after \(limit.sum), and it has no startupProbe. \(remedy(for: seconds))")
    }

    private static func restarted(
        _ container: String, _ status: Pod.ContainerStatus, _ limit: Patience
    ) -> ProbeAdvice? {
        guard let count = status.restartCount, count > 0, let last = status.lastState?.terminated,
            let begin = Timestamp(rfc3339: last.startedAt), let end = Timestamp(rfc3339: last.finishedAt)
        else { return nil }
        let seconds = end.seconds(since: begin)
        // A container that ended sooner has crashed by itself; one that ended later was alive before it was restarted.
        guard limit.restartTimes.contains(seconds) else { return nil }
        return ProbeAdvice(
            container: container,
            message:
                "Container \(container.printable(63)) was restarted \(count == 1 ? "once" : "\(count) times") before it "
                + "was ready, the last time after \(seconds) s: its livenessProbe restarts it after \(limit.sum), and it has "
                + "no startupProbe. \(remedy(for: max(seconds, 300)))")
    }

    /// Settings that grant twice the time that a start takes.
    private static func remedy(for seconds: Int64) -> String {
        let period: Int64 = 10
        let threshold = (min(seconds, 86_400) * 2 + period - 1) / period
        return
            "A startupProbe with periodSeconds \(period) and failureThreshold \(threshold) grants \(period * threshold) s."
    }

    /// How long a probe that fails from the start lets a container live.
    private struct Patience {
        private let delay: Int64
        private let period: Int64
        private let timeout: Int64
        private let threshold: Int64

        /// The defaults are those of the API server. It has numbers of 32 bits.
        init(_ probe: Pod.Probe) {
            func number(_ value: Int?, _ least: Int64, _ usual: Int64) -> Int64 {
                min(max(value.map { Int64($0) } ?? usual, least), Int64(Int32.max))
            }
            delay = number(probe.initialDelaySeconds, 0, 0)
            period = number(probe.periodSeconds, 1, 10)
            timeout = number(probe.timeoutSeconds, 1, 1)
            threshold = number(probe.failureThreshold, 1, 3)
        }

        var seconds: Int64 { delay + period * threshold }

        /// The length of a run that the probe has ended. The first try is at the delay, so the last failure may come a period before
        /// `seconds`; a kubelet spreads its first tries over a period, and a program has 30 s to end, or what its Pod says.
        var restartTimes: ClosedRange<Int64> { seconds - period...seconds + period + timeout + 60 }

        var sum: String {
            "\(seconds) s (initialDelaySeconds \(delay) + periodSeconds \(period) x failureThreshold \(threshold))"
        }
    }
}

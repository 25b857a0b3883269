import HermesSupport
import Testing

@testable import HermesController
@testable import HermesKubernetes

@Suite struct ProbeAdviceTests {
    private func pod(
        _ probe: Pod.Probe?, startup: Pod.Probe? = nil, readiness: Pod.Probe? = Pod.Probe()
    ) -> Pod {
        var pod = Samples.pod("x", ["i"])
        pod.metadata.creationTimestamp = Samples.time(0)
        pod.spec.containers = [
            Pod.Container(
                name: "app", image: "i", startupProbe: startup, readinessProbe: readiness, livenessProbe: probe)
        ]
        return pod
    }

    /// The advice when the container started at second 10 and was ready `seconds` later.
    private func measured(_ seconds: Int, _ pod: Pod) throws -> [ProbeAdvice] {
        var new = pod
        new.status?.conditions = [
            Pod.Condition(type: "Ready", status: "True", lastTransitionTime: Samples.time(10 + seconds))
        ]
        new.status?.containerStatuses = [
            Pod.ContainerStatus(name: "app", state: .init(running: .init(startedAt: Samples.time(10))))
        ]
        let start = ColdStart(from: pod, to: new)
        #expect(start != nil)
        return ProbeAdvice.advice(for: new, start: start)
    }

    /// The advice when the container was restarted and its last run took `seconds`.
    private func restarted(_ seconds: Int, _ pod: Pod, count: Int = 3, ready: Bool = false) -> [ProbeAdvice] {
        var pod = pod
        pod.status?.conditions = [
            Pod.Condition(type: "Ready", status: ready ? "True" : "False", lastTransitionTime: Samples.time(1))
        ]
        pod.status?.containerStatuses = [
            Pod.ContainerStatus(
                name: "app", restartCount: count, state: .init(running: .init(startedAt: Samples.time(1000))),
                lastState: .init(
                    terminated: .init(startedAt: Samples.time(100), finishedAt: Samples.time(100 + seconds))))
        ]
        return ProbeAdvice.advice(for: pod, start: nil)
    }

    private let probe = Pod.Probe(initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3)

    @Test func aStartThatTheProbeHardlySurvives() throws {
        #expect(try measured(35, pod(probe)).isEmpty)
        let advice = try measured(36, pod(probe))
        #expect(advice.map(\.container) == ["app"])
        #expect(
            advice.first?.message
                == "Container app was ready 36 s after its start, but its livenessProbe may restart it after 35 s "
                + "(initialDelaySeconds 5 + periodSeconds 10 x failureThreshold 3), and it has no startupProbe. "
                + "A startupProbe with periodSeconds 10 and failureThreshold 8 grants 80 s.")
        #expect(try measured(31, pod(Pod.Probe())).count == 1)
        #expect(try measured(30, pod(Pod.Probe())).isEmpty)
    }

    @Test func aContainerThatIsRestartedBeforeItIsReady() {
        let advice = restarted(38, pod(probe))
        #expect(
            advice.first?.message
                == "Container app was restarted 3 times before it was ready, the last time after 38 s: its livenessProbe "
                + "restarts it after 35 s (initialDelaySeconds 5 + periodSeconds 10 x failureThreshold 3), and it has no "
                + "startupProbe. A startupProbe with periodSeconds 10 and failureThreshold 60 grants 600 s.")
        #expect(restarted(24, pod(probe)).isEmpty)
        #expect(restarted(25, pod(probe)).count == 1)
        #expect(restarted(7200, pod(probe)).isEmpty)
        #expect(restarted(38, pod(probe), ready: true).isEmpty)
        #expect(restarted(38, pod(probe), count: 0).isEmpty)
    }

    @Test func noAdviceWhereAProbeGrantsTheTime() throws {
        #expect(try measured(500, pod(nil)).isEmpty)
        #expect(try measured(500, pod(probe, startup: Pod.Probe())).isEmpty)
        #expect(try measured(500, pod(probe, readiness: nil)).isEmpty)
        #expect(restarted(38, pod(nil)).isEmpty)
        #expect(restarted(38, pod(probe, startup: Pod.Probe())).isEmpty)
    }

    @Test func hostileNumbersAreNoTrap() throws {
        let large = Pod.Probe(
            initialDelaySeconds: .max, periodSeconds: .max, timeoutSeconds: .max, failureThreshold: .max)
        #expect(try measured(500, pod(large)).isEmpty)
        let small = Pod.Probe(
            initialDelaySeconds: .min, periodSeconds: .min, timeoutSeconds: .min, failureThreshold: .min)
        #expect(try measured(500, pod(small)).count == 1)
        #expect(restarted(0, pod(small)).count == 1)
    }
}

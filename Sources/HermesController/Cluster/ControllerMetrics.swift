import HermesSupport
import Synchronization

/// What a controller counts. Safe for use from any thread.
final class ControllerMetrics: Sendable {
    private let failures = Atomic<Int>(0)
    private let builds = Histogram(bounds: [1, 5, 15, 30, 60, 120, 300, 600, 1800])

    func built(seconds: Double) { builds.observe(seconds: Int64(seconds.rounded(.up))) }

    func failed() { failures.add(1, ordering: .relaxed) }

    /// The metrics with the values that they have now. `counts` are those of `ControllerState`.
    func families(_ counts: (running: Int, phases: [HermesPolicy.Image.Phase: Int])) -> [MetricFamily] {
        [
            MetricFamily(
                name: "hermes_controller_build_duration_seconds", help: "How long builds took that made an index.",
                kind: .histogram, samples: builds.samples(labels: [])),
            .counter(
                "hermes_controller_build_failures_total", "Builds that failed, and that are tried again.",
                failures.load(ordering: .relaxed)),
            .gauge("hermes_controller_builds_running", "Builds that run now.", Double(counts.running)),
            MetricFamily(
                name: "hermes_controller_images",
                help: "Images for one platform that policies want, and that have been built or tried, by phase.",
                kind: .gauge,
                samples: [HermesPolicy.Image.Phase.ready, .failed].map {
                    .init(labels: [("phase", $0.rawValue)], value: Double(counts.phases[$0] ?? 0))
                }),
        ]
    }
}

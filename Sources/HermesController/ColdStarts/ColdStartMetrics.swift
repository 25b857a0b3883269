import HermesSupport
import Synchronization

/// How long Pods took to start, as metrics. A process has 17 pools at most, so 204 series of each metric.
///
/// Safe for use from any thread.
package final class ColdStartMetrics: Sendable {
    /// The buckets' upper bounds in seconds.
    static let bounds: [Double] = [1, 5, 15, 30, 60, 120, 300, 600]
    /// Pools that are told apart; later ones are "other".
    static let poolLimit = 16

    private struct Series: Sendable {
        let total = Histogram(bounds: ColdStartMetrics.bounds)
        let pull = Histogram(bounds: ColdStartMetrics.bounds)
        let load = Histogram(bounds: ColdStartMetrics.bounds)
    }

    private struct State {
        var pools: Set<String> = []
        var series: [[String]: Series] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// A Pod has become ready.
    package func observe(_ start: ColdStart, _ labels: ColdStartLabels) {
        state.withLock { state in
            if state.pools.count < Self.poolLimit { state.pools.insert(labels.pool) }
            let pool = state.pools.contains(labels.pool) ? labels.pool : "other"
            let key = [pool, labels.size.rawValue, labels.lazy.rawValue]
            let series = state.series[key] ?? Series()
            state.series[key] = series
            series.total.observe(seconds: start.total)
            series.pull.observe(seconds: start.pull)
            series.load.observe(seconds: start.load)
        }
    }

    /// The metrics with the values that they have now.
    package func families() -> [MetricFamily] {
        let series = state.withLock { $0.series }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        func family(_ name: String, _ help: String, _ histogram: KeyPath<Series, Histogram>) -> MetricFamily {
            MetricFamily(
                name: name, help: help, kind: .histogram,
                samples: series.flatMap { key, series in
                    series[keyPath: histogram].samples(labels: Array(zip(["pool", "size", "lazy"], key)))
                })
        }
        return [
            family("cold_start_total_seconds", "From a Pod's creation until it was ready for the first time.", \.total),
            family("image_pull_seconds", "From a Pod's creation to the start of its last container.", \.pull),
            family("model_load_seconds", "From the start of a Pod's last container until the Pod was ready.", \.load),
        ]
    }
}

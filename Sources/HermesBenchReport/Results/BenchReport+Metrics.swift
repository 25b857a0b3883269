import HermesSupport

extension BenchReport {
    /// The cold starts that got to their end as metrics, by the names that the controller has for Pods' cold starts. The report is
    /// checked, so that no two sides have the same labels.
    package var metrics: [MetricFamily] {
        [
            family("cold_start_total_seconds", "From a start's begin until the workload was of use.", \.totalSeconds),
            family("image_pull_seconds", "From a start's begin until all layers were there.", \.pulledSeconds),
            family("model_load_seconds", "From the start of the process until it was ready.", \.loadSeconds),
        ]
    }

    private func family(_ name: String, _ help: String, _ seconds: (Start) -> Double?) -> MetricFamily {
        let image = workload.image.printable(300)
        let samples = sides.flatMap { side in
            let histogram = Histogram(bounds: [1, 5, 15, 30, 60, 120, 300, 600])
            for value in side.starts.filter({ $0.isCold && $0.isComplete }).compactMap(seconds) {
                histogram.observe(nanoseconds: Int((value * 1e9).rounded()))
            }
            return histogram.samples(labels: [("side", side.name), ("image", image)])
        }
        return MetricFamily(name: name, help: help, kind: .histogram, samples: samples)
    }
}

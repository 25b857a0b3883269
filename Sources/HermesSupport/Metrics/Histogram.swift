import Synchronization

/// How long things took, in buckets with fixed bounds.
///
/// Safe for use from any thread; observing takes no lock.
package final class Histogram: @unchecked Sendable {
    /// Bounds for what a process does, from a millisecond to a minute.
    package static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    /// The buckets' upper bounds in seconds; one more bucket takes the values above the last bound.
    private let bounds: [Double]
    private let buckets: UnsafeMutablePointer<Atomic<Int>>
    private let nanoseconds = Atomic<Int>(0)

    /// Makes an empty one. `bounds` are the buckets' upper bounds in seconds, in rising order.
    package init(bounds: [Double] = Histogram.bounds) {
        self.bounds = bounds
        buckets = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (buckets + index).initialize(to: Atomic(0)) }
    }

    deinit { buckets.deallocate() }

    /// Takes note of something that began at `start` and ended at `end`.
    package func observe(from start: Monotonic, to end: Monotonic = .now()) {
        observe(nanoseconds: max(0, end.nanoseconds - start.nanoseconds))
    }

    /// Takes note of something that took this long, by clocks that count seconds. Less than 0 counts as 0, more than a year as a year.
    package func observe(seconds: Int64) {
        observe(nanoseconds: Int(min(max(seconds, 0), 31_536_000)) * 1_000_000_000)
    }

    /// Takes note of something that took this long, by a clock that counts nanoseconds; 0 or more.
    package func observe(nanoseconds duration: Int) {
        let seconds = Double(duration) / 1e9
        let bucket = bounds.firstIndex { seconds <= $0 } ?? bounds.count
        nanoseconds.wrappingAdd(duration, ordering: .relaxed)
        buckets[bucket].wrappingAdd(1, ordering: .relaxed)
    }

    /// The metric of this histogram: cumulative buckets, their sum in seconds, and the count.
    package func family(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: .histogram, samples: samples())
    }

    /// Its samples with labels beside "le", for a metric of several histograms.
    package func samples(labels: [(name: String, value: String)] = []) -> [MetricFamily.Sample] {
        var samples: [MetricFamily.Sample] = []
        var count = 0
        for index in 0...bounds.count {
            count += buckets[index].load(ordering: .relaxed)
            let bound = index < bounds.count ? bounds[index] : Double.infinity
            samples.append(
                .init(
                    suffix: "_bucket", labels: labels + [("le", MetricFamily.number(bound))],
                    value: Double(count)))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: Double(nanoseconds.load(ordering: .relaxed)) / 1e9))
        // The count is the last bucket's, so that it never differs from the buckets.
        samples.append(.init(suffix: "_count", labels: labels, value: Double(count)))
        return samples
    }
}

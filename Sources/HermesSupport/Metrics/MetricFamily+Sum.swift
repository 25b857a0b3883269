extension MetricFamily {
    /// The metric with the sum of each value and that of `other`, which has the same samples in the same order.
    package func adding(_ other: MetricFamily) -> MetricFamily {
        MetricFamily(
            name: name, help: help, kind: kind,
            samples: zip(samples, other.samples).map { one, more in
                Sample(suffix: one.suffix, labels: one.labels, value: one.value + more.value)
            })
    }
}

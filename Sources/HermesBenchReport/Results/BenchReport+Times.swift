extension BenchReport.Start {
    /// Whether its times count.
    package var isComplete: Bool { outcome == .complete }

    /// Seconds until the workload was of use: the sum of the phases; nil without any.
    package var totalSeconds: Double? { phases.isEmpty ? nil : phases.reduce(0) { $0 + $1.seconds } }

    /// Seconds until all layers were snapshots, and until the workload was ready; nil without that phase.
    package var pulledSeconds: Double? { phase(.pull)?.end }
    package var readySeconds: Double? { phase(.ready)?.end }

    /// Seconds from the moment at which the process ran until the workload was ready; nil without these phases.
    package var loadSeconds: Double? {
        guard let start = phase(.start), let ready = phase(.ready) else { return nil }
        return max(0, ready.end - start.end)
    }

    package func phase(_ name: BenchReport.Phase.Name) -> BenchReport.Phase? { phases.first { $0.name == name } }
}

extension BenchReport.Phase {
    /// Seconds since the start began.
    package var end: Double { start + seconds }
}

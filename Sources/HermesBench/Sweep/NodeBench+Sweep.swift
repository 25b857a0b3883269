import HermesBenchReport
import HermesSupport

extension NodeBench {
    /// Measures how long it takes to have read each of `shares`, above 0 to 1 and rising, of the image's bytes, from a cold node and with
    /// each snapshotter. A start that fails is part of the report. Leaves nothing behind. Throws `interrupted` when it was stopped,
    /// `unsupported` for an image without a byte in files, and the error of what makes further starts useless.
    package func sweep(_ shares: [Double]) throws -> SweepReport {
        try inNamespace { cold in
            let report = try emptyReport()
            let plan = try plan(cold)
            var measured = shares.map {
                Sweep.Share(share: $0, bytes: plan.bytes(of: $0), sides: report.sides)
            }
            for round in 1...max(1, options.rounds) {
                for (index, share) in shares.enumerated() {
                    let files = plan.files(for: share)
                    for turn in options.snapshotters.indices {
                        // Who is first changes from share to share and from round to round.
                        let side = (turn + index + round - 1) % options.snapshotters.count
                        let name = options.snapshotters[side]
                        progress("round \(round) of \(options.rounds): \(name), share \(index + 1) of \(shares.count)")
                        try cold.prepare(image, on: name)
                        let start = SweepStart(self, on: name, name: "sweep-\(round)-\(index)")
                        measured[index].sides[side].starts.append(try start.read(files, round: round))
                    }
                }
            }
            return SweepReport(report, files: plan.files.count, fileBytes: plan.bytes, shares: measured)
        }
    }

    /// Lists the files of the image on a start of its own, so that no start that is measured finds their names in a cache.
    private func plan(_ cold: ColdNode) throws -> ReadPlan {
        // The last one, as the first is the full pull by default.
        guard let name = options.snapshotters.last else { throw HermesError(.usage, "a sweep needs a snapshotter") }
        progress("\(name), the list of the files")
        try cold.prepare(image, on: name)
        let plan = try SweepStart(self, on: name, name: "sweep-plan").plan()
        guard plan.bytes > 0 else {
            throw HermesError(.unsupported, "\(image.reference) has no file with contents, so there is nothing to read")
        }
        return plan
    }
}

import HermesBenchReport

extension BenchSummary {
    /// Measures as rows, sides as columns, and from the second side on the ratio to the first. Without rows where no side has
    /// such a start.
    func starts(_ title: String, _ kind: (Side) -> Starts) -> BenchTable {
        var table = BenchTable(
            [title]
                + columns {
                    $0.name
                } ratio: {
                    "\($0.name)/\($1.name)"
                }, numeric: Set(1..<max(2, 2 * sides.count)))
        guard sides.contains(where: { !kind($0).isEmpty }) else { return table }
        table.append(
            ["starts"]
                + columns {
                    Self.count(kind($0))
                } ratio: { _, _ in
                    ""
                })
        for measure in BenchMeasure.all where sides.contains(where: { kind($0).times[measure] != nil }) {
            table.append(
                [measure.name]
                    + columns {
                        Quantity.spread(kind($0).times[measure])
                    } ratio: {
                        Quantity.ratio(kind($0).ratio(to: kind($1), measure))
                    })
        }
        return table
    }

    /// The latencies of the requests after the first.
    var requests: BenchTable {
        var table = BenchTable(["WARM REQUESTS"] + sides.map(\.name), numeric: Set(1...max(1, sides.count)))
        guard sides.contains(where: { $0.requests != nil }) else { return table }
        table.append(["requests"] + sides.map { "\($0.requests?.count ?? 0)" })
        for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            table.append(
                [name] + sides.map { $0.requests.map { Quantity.duration(seconds: $0.quantile(share)) } ?? "-" })
        }
        return table
    }

    /// The medians of what a start cost.
    func costs(_ title: String, _ kind: (Side) -> Starts) -> BenchTable {
        var table = BenchTable([title] + sides.map(\.name), numeric: Set(1...max(1, sides.count)))
        for cost in BenchCost.allCases where sides.contains(where: { kind($0).costs[cost] != nil }) {
            table.append([cost.words] + sides.map { Quantity.cost(cost, kind($0).costs[cost]) })
        }
        return table
    }

    /// A cell for each side, and behind those of the second and later sides one for the ratio to the first.
    private func columns(_ cell: (Side) -> String, ratio: (Side, Side) -> String) -> [String] {
        guard let first = sides.first else { return [] }
        return [cell(first)] + sides.dropFirst().flatMap { [cell($0), ratio($0, first)] }
    }

    /// "5", or "3 of 5 (1 failed, 1 timed out)".
    private static func count(_ starts: Starts) -> String {
        let lost = [
            starts.failed > 0 ? "\(starts.failed) failed" : nil,
            starts.timedOut > 0 ? "\(starts.timedOut) timed out" : nil,
        ].compactMap { $0 }
        guard !lost.isEmpty else { return "\(starts.counted)" }
        return
            "\(starts.counted) of \(starts.counted + starts.failed + starts.timedOut) (\(lost.joined(separator: ", ")))"
    }
}

extension BenchCost {
    fileprivate var words: String {
        switch self {
        case .networkBytes: "from the registry"
        case .requests: "requests"
        case .spans: "spans"
        case .cacheHits: "cache hits"
        case .imageShare: "share of the image"
        case .processorSeconds: "processor time"
        case .memoryBytes: "memory"
        }
    }
}

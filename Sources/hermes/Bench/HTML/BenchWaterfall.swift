import HermesBenchReport

/// The phases of one cold start of each side, one bar below the other.
struct BenchWaterfall {
    private let starts: [(side: String, start: BenchReport.Start)]

    /// Takes a side's start with the median total (of an even number the faster of both), as its phases belong together.
    init(_ report: BenchReport) {
        starts = report.sides.compactMap { side in
            let starts = side.starts.filter { $0.isCold && $0.isComplete }
                .sorted { ($0.totalSeconds ?? 0, $0.round) < ($1.totalSeconds ?? 0, $1.round) }
            return starts.isEmpty ? nil : (side.name, starts[(starts.count - 1) / 2])
        }
    }

    /// Nil where no cold start is complete.
    var html: String? {
        guard !starts.isEmpty else { return nil }
        let scale = SVGScale(maximum: starts.compactMap { $0.start.phases.last?.end }.max() ?? 0)
        var body: [String] = []
        var y = 0.0
        for (side, start) in starts {
            let total = Quantity.duration(seconds: start.totalSeconds ?? 0)
            y += 26
            body.append(SVGChart.text("\(side): \(total) (round \(start.round))", x: 0, y: y - 8, class: "head"))
            for phase in start.phases {
                body.append(Self.bar(phase, y: y, scale))
                y += 20
            }
        }
        let description = starts.map { side, start in
            let phases = start.phases.map { "\($0.name.rawValue) \(Quantity.duration(seconds: $0.seconds))" }
            return "\(side): \(phases.joined(separator: ", "))."
        }.joined(separator: " ")
        let chart = SVGChart.svg(
            id: "waterfall", title: "The phases of the median cold start of each side", description: description,
            scale: scale, bottom: y,
            body: body)
        return "\(chart)\n<ul class=\"legend\">\n\(legend)\n</ul>"
    }

    private static func bar(_ phase: BenchReport.Phase, y: Double, _ scale: SVGScale) -> String {
        let x = scale.x(phase.start)
        // A phase that took next to no time is still seen.
        let width = max(2, scale.x(phase.end) - x)
        return SVGChart.text(phase.name.rawValue, x: SVGScale.left - 8, y: y + 13, atEnd: true)
            + "<rect class=\"\(phase.name.rawValue)\" x=\"\(SVGScale.number(x))\" y=\"\(SVGScale.number(y + 2))\""
            + " width=\"\(SVGScale.number(width))\" height=\"15\"/>"
            + SVGChart.text(Quantity.duration(seconds: phase.seconds), x: x + width + 6, y: y + 13)
    }

    private var legend: String {
        let names = Set(starts.flatMap { $0.start.phases.map(\.name) })
        return BenchReport.Phase.Name.allCases.filter(names.contains).map { name in
            "<li><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"\(name.rawValue)\" width=\"10\" "
                + "height=\"10\"/></svg> \(name.rawValue): \(Self.meaning(name))</li>"
        }.joined(separator: "\n")
    }

    private static func meaning(_ name: BenchReport.Phase.Name) -> String {
        switch name {
        case .resolve: "the reference becomes a manifest"
        case .pull: "the layers become snapshots, pulled and unpacked or mounted"
        case .schedule: "the Pod waits for a node"
        case .create: "the container is made"
        case .start: "its process runs"
        case .output: "its first output"
        case .ready: "it is ready"
        case .request: "the first request is answered"
        }
    }
}

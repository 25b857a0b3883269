import HermesBenchReport

/// All starts of each side as dots on an axis of seconds, for one measure.
struct BenchDots {
    /// The most dots of a row; of more, every so manyth of the sorted values is drawn.
    private static let limit = 500

    private let measure: BenchMeasure
    private let rows: [(label: String, kind: String, values: Distribution)]

    init(_ summary: BenchSummary, _ measure: BenchMeasure) {
        self.measure = measure
        rows = summary.sides.flatMap { side in
            [("cold", side.cold), ("warm", side.warm)].compactMap { kind, starts in
                starts.times[measure].map { ("\(side.name), \(kind)", kind, $0) }
            }
        }
    }

    /// Nil where no start has the measure.
    var html: String? {
        guard !rows.isEmpty else { return nil }
        let scale = SVGScale(maximum: rows.map(\.values.maximum).max() ?? 0)
        var body: [String] = []
        var y = 0.0
        for row in rows {
            y += 22
            let text = "\(row.label): \(row.values.count) starts, median \(Quantity.spread(row.values))"
            body.append(SVGChart.text(text, x: 0, y: y - 6, class: "head"))
            body.append(Self.dots(row.values, kind: row.kind, y: y + 15, scale))
            y += 34
        }
        let description = rows.map { row in
            let range =
                "\(Quantity.duration(seconds: row.values.minimum)) to \(Quantity.duration(seconds: row.values.maximum))"
            return "\(row.label): \(row.values.count) starts, median \(Quantity.spread(row.values)), \(range)."
        }.joined(separator: " ")
        let id = measure == .total ? "dots-total" : "dots-ready"
        return SVGChart.svg(
            id: id, title: "Each start as a dot: \(measure.name)", description: description, scale: scale, bottom: y,
            body: body)
    }

    private static func dots(_ values: Distribution, kind: String, y: Double, _ scale: SVGScale) -> String {
        let step = (values.count + limit - 1) / limit
        let dots = stride(from: 0, to: values.count, by: step).map { index in
            // Neighbours stand at different heights, so that equal values are seen apart.
            let height = y + Double(index / step * 5 % 7 - 3) * 3
            return "<circle class=\"\(kind)\" cx=\"\(SVGScale.number(scale.x(values.sorted[index])))\""
                + " cy=\"\(SVGScale.number(height))\" r=\"4\"/>"
        }
        let x = SVGScale.number(scale.x(values.median))
        let median =
            "<line class=\"median\" x1=\"\(x)\" y1=\"\(SVGScale.number(y - 14))\" x2=\"\(x)\" "
            + "y2=\"\(SVGScale.number(y + 14))\"/>"
        return (dots + [median]).joined()
    }
}

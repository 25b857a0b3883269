import HermesBenchReport

/// The reads of the first cold start of a side that has any: when, in which layer, how many bytes, and from where.
struct BenchReads {
    /// The most reads that are drawn, and that are listed.
    private static let drawn = 5000
    private static let listed = 200

    private let id: String
    private let side: String
    private let start: BenchReport.Start

    /// Nil for a side without reads. `number` tells the charts of a page apart.
    init?(_ side: BenchReport.Side, number: Int) {
        guard let start = side.starts.first(where: { $0.isCold && !$0.reads.isEmpty }) else { return nil }
        id = "reads-\(number)"
        self.side = side.name
        self.start = start
    }

    var html: String {
        let reads = start.reads.prefix(Self.drawn)
        let scale = SVGScale(maximum: reads.map(\.at).max() ?? 0)
        let layers = Set(reads.map(\.layer)).sorted()
        let rows = Dictionary(layers.enumerated().map { ($1, $0) }, uniquingKeysWith: { one, _ in one })
        // Many layers share the height of twenty.
        let gap = min(26, 520 / Double(layers.count))
        let bottom = gap * Double(layers.count) + 8
        let largest = reads.map { Double($0.bytes) }.max() ?? 0
        var body =
            layers.count > 20
            ? []
            : layers.map { layer in
                SVGChart.text(
                    "layer \(layer)", x: SVGScale.left - 12, y: gap * (Double(rows[layer] ?? 0) + 0.5) + 12, atEnd: true
                )
            }
        for read in reads {
            // The area of a dot is the bytes.
            let radius = 1.5 + (largest > 0 ? 8 * (Double(read.bytes) / largest).squareRoot() : 0)
            let y = gap * (Double(rows[read.layer] ?? 0) + 0.5) + 8
            body.append(
                "<circle class=\"\(read.isCached ? "cache" : "registry")\" cx=\"\(SVGScale.number(scale.x(read.at)))\""
                    + " cy=\"\(SVGScale.number(y))\" r=\"\(SVGScale.number(radius))\"><title>"
                    + "\(read.path.html(300)), \(Quantity.bytes(read.bytes))</title></circle>")
        }
        let chart = SVGChart.svg(
            id: id, title: "Reads of \(side) over time", description: description, scale: scale, bottom: bottom,
            body: body)
        return "<h3>\(side.html()), round \(start.round)</h3>\n<p>\(description.html(2000))</p>\n\(chart)\n\(list)"
    }

    private var description: String {
        func sum(_ name: String, _ reads: [BenchReport.Read]) -> String {
            let bytes = reads.reduce(0) { $0 + Double($1.bytes) }
            return "\(reads.count) \(name) (\(Quantity.bytes(Int64(min(bytes, 1e18)))))"
        }
        let registry = sum("from the registry", start.reads.filter { !$0.isCached })
        let cache = sum("from the cache", start.reads.filter(\.isCached))
        let more = start.reads.count > Self.drawn ? " The first \(Self.drawn) are drawn." : ""
        return "\(start.reads.count) reads: \(registry), \(cache).\(more)"
    }

    private var list: String {
        var table = BenchTable(["AT", "WAITED", "BYTES", "LAYER", "FROM", "FILE"], numeric: [0, 1, 2, 3])
        for read in start.reads.prefix(Self.listed) {
            table.append([
                Quantity.duration(seconds: read.at), read.seconds.map { Quantity.duration(seconds: $0) } ?? "-",
                Quantity.bytes(read.bytes), "\(read.layer)", read.isCached ? "cache" : "registry", read.path,
            ])
        }
        let count = min(Self.listed, start.reads.count)
        return "<details><summary>The first \(count) reads</summary>\n\(table.html)\n</details>"
    }
}

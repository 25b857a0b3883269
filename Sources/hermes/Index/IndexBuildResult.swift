import HermesCore

/// The report of `hermes index build`; the names are those of its JSON.
struct IndexBuildResult: Encodable {
    struct Layer: Encodable {
        let digest: Digest
        let mediaType: String
        let size: Int64
        /// built, reused or skipped.
        let status: String
        let reason: String?
        let ztoc: Digest?
        let ztocSize: Int64?
        let files: Int?
        let spans: Int?
        let uncompressedSize: Int64?
    }

    let image: String
    let manifest: Digest
    let platform: String?
    let index: Digest
    let indexSize: Int64
    let output: String
    let pushed: Bool
    let layers: [Layer]

    init(_ image: Image, _ report: IndexBuilder.Report, output: String, isPushed: Bool) {
        self.image = image.reference
        manifest = image.descriptor.digest
        platform = image.descriptor.platform?.description
        index = report.descriptor.digest
        indexSize = report.descriptor.size
        self.output = output
        pushed = isPushed
        layers = zip(image.layers, report.outcomes).map { layer, outcome in
            var status = "built"
            var reason: String?
            var summary: LayerIndexer.Summary?
            switch outcome {
            case .built(_, let found): summary = found
            case .reused: status = "reused"
            case .skipped(let why):
                status = "skipped"
                reason = why
            }
            return Layer(
                digest: layer.descriptor.digest, mediaType: layer.descriptor.mediaType, size: layer.descriptor.size,
                status: status, reason: reason, ztoc: outcome.ztoc?.digest, ztocSize: outcome.ztoc?.size,
                files: summary?.entryCount, spans: summary?.spanCount, uncompressedSize: summary?.uncompressedSize)
        }
    }

    /// The result for a person.
    var table: String {
        let indexed = layers.filter { $0.ztoc != nil }
        let size = layers.reduce(0) { $0 + $1.size }
        var lines = [
            "index     \(index)",
            "of        \(image) (\(manifest)\(platform.map { ", \($0)" } ?? ""))",
            "layers    \(indexed.count) of \(layers.count), \(Quantity.bytes(size))",
            "zTOCs     \(Quantity.bytes(indexed.reduce(0) { $0 + ($1.ztocSize ?? 0) }))",
            "in        \(output)",
        ]
        if pushed { lines.append("pushed    as a referrer of the image") }
        for layer in layers where layer.reason != nil {
            lines.append("left out  \(layer.digest): \(layer.reason ?? "")")
        }
        return lines.joined(separator: "\n")
    }
}

import HermesSupport

/// The spans that the starts of images touched: `startups/<manifest digest>`, which outlives the layers' data.
extension ImageCache {
    private struct Startup: Codable {
        /// The zTOCs whose spans are meant.
        var ztocs: [Digest]
        /// Layer and span by turns, in the order in which they were touched.
        var spans: [Int]
    }

    private static let sizeLimit = 1 << 20

    /// Records the spans that a start touched. A cache that cannot be written to records nothing.
    func keepStartup(_ spans: [SpanID], image: Digest, ztocs: [Digest]) {
        let startup = Startup(ztocs: ztocs, spans: spans.flatMap { [$0.layer, $0.span] })
        try? AtomicFile.write(
            try JSON.encode(startup), to: startupPath(image), temporaryIn: "\(path)/startups")
    }

    /// The spans that an earlier start touched; empty when no start was seen, or when the image now has another index.
    func startup(image: Digest, ztocs: [Digest]) -> [SpanID] {
        let path = startupPath(image)
        guard let bytes = try? LocalFile.read(path, limit: Self.sizeLimit),
            let startup = try? JSON.decode(Startup.self, from: bytes, name: path), startup.ztocs == ztocs,
            startup.spans.count <= 2 * StartupTrace.limit
        else { return [] }
        Self.touch(path)
        return stride(from: 0, to: startup.spans.count - 1, by: 2).map {
            SpanID(layer: startup.spans[$0], span: startup.spans[$0 + 1])
        }
    }

    private func startupPath(_ image: Digest) -> String { "\(path)/startups/\(image.hex)" }
}

import Glibc
import HermesCore

/// One build of an index, with its progress on standard error.
struct IndexRun {
    let image: Image
    let source: any ImageSource
    let layout: ImageLayout
    var spanSize = LayerIndexer.usualSpanSize
    var jobs = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    func run(_ interrupt: Interrupt) throws -> IndexBuilder.Report {
        let display = ProgressDisplay(
            image.layers.map { (label: String($0.descriptor.digest.hex.prefix(12)), total: $0.descriptor.size) })
        let image = image
        let observer = IndexBuilder.Observer(
            advanced: { layer, bytes in
                try interrupt.check()
                display.advance(layer, by: bytes)
            },
            finished: { layer, outcome in display.finish(layer, Self.words(outcome, image.layers[layer])) })
        // The result, on standard output, comes below the bars.
        defer { StandardError.flush() }
        do {
            return try IndexBuilder(
                image: image, source: source, storage: LayoutIndexStorage(layout), spanSize: spanSize
            )
            .build(jobs: jobs, observer: observer)
        } catch {
            display.stop()
            throw error
        }
    }

    private static func words(_ outcome: IndexBuilder.Outcome, _ layer: Image.Layer) -> String {
        switch outcome {
        case .built(let ztoc, let summary):
            "indexed \(Quantity.bytes(layer.descriptor.size)): \(summary.entryCount) files,"
                + " \(summary.spanCount) spans, zTOC \(Quantity.bytes(ztoc.size))"
        case .reused: "already indexed"
        case .skipped(let reason): "left out: \(reason)"
        }
    }
}

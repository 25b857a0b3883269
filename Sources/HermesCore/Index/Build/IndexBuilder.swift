import DequeModule
import HermesSupport
import Synchronization

/// Builds the SOCI index of an image into a storage.
///
/// Layers are read in parallel, the largest first; a layer whose zTOC the storage already has (of the same span size) is
/// not read. The index is added to the storage only when all of its zTOCs are there.
package struct IndexBuilder: Sendable {
    /// The outcome for a layer.
    package enum Outcome: Sendable, Equatable {
        /// The layer's zTOC was built.
        case built(SOCIIndex.Layer, LayerIndexer.Summary)
        /// The layer's zTOC was in the storage.
        case reused(SOCIIndex.Layer)
        /// The layer is not in the index, for this reason.
        case skipped(String)

        /// The zTOC, where there is one.
        package var ztoc: SOCIIndex.Layer? {
            switch self {
            case .built(let ztoc, _), .reused(let ztoc): ztoc
            case .skipped: nil
            }
        }
    }

    /// A finished index.
    package struct Report: Sendable {
        /// The index.
        package let descriptor: Descriptor
        /// The outcomes of the image's layers, lowest first.
        package let outcomes: [Outcome]
    }

    /// The functions that are called during a build, from several threads.
    package struct Observer: Sendable {
        /// A layer's blob was read on by so many bytes. An error that this function throws ends the build.
        package let advanced: @Sendable (_ layer: Int, _ bytes: Int) throws -> Void
        /// A layer is done.
        package let finished: @Sendable (_ layer: Int, _ outcome: Outcome) -> Void

        /// Makes an observer.
        package init(
            advanced: @escaping @Sendable (_ layer: Int, _ bytes: Int) throws -> Void,
            finished: @escaping @Sendable (_ layer: Int, _ outcome: Outcome) -> Void
        ) {
            self.advanced = advanced
            self.finished = finished
        }
    }

    private struct State {
        var waiting: Deque<Int>
        var outcomes: [Int: Outcome] = [:]
        var failure: HermesError?
    }

    private let image: Image
    private let source: any ImageSource
    private let storage: any IndexStorage
    private let spanSize: Int64

    /// Prepares a build of `image`, whose blobs `source` has; `spanSize` is in uncompressed bytes, at least 1.
    package init(image: Image, source: any ImageSource, storage: any IndexStorage, spanSize: Int64) {
        self.image = image
        self.source = source
        self.storage = storage
        self.spanSize = spanSize
    }

    /// Builds with `jobs` threads and blocks until the index is in the storage.
    ///
    /// Throws the first failure of a layer (see `LayerIndexer`), `unsupported` when no layer can be indexed, or the error
    /// of the storage, which then has no new index. Finished zTOCs stay.
    package func build(jobs: Int, observer: Observer) throws -> Report {
        let order = image.layers.indices.sorted { image.layers[$0].descriptor.size > image.layers[$1].descriptor.size }
        let state = Mutex(State(waiting: Deque(order)))
        let work: @Sendable () -> Void = {
            while let layer = state.withLock({ $0.failure == nil ? $0.waiting.popFirst() : nil }) {
                let result = Result {
                    try index(layer) { bytes in
                        try observer.advanced(layer, bytes)
                        if let failure = state.withLock(\.failure) { throw failure }
                    }
                }
                switch result {
                case .success(let outcome):
                    state.withLock { $0.outcomes[layer] = outcome }
                    observer.finished(layer, outcome)
                case .failure(let error):
                    state.withLock { $0.failure = $0.failure ?? HermesError.from(error) }
                }
            }
        }
        var threads: [SystemThread] = []
        do {
            for _ in 0..<max(1, min(jobs, order.count)) { threads.append(try SystemThread("hermes-index", work)) }
        } catch {
            // The threads that did start end at their next read, and are joined like those of any failed build.
            state.withLock { $0.failure = $0.failure ?? HermesError.from(error) }
        }
        for thread in threads { thread.join() }
        if let failure = state.withLock(\.failure) { throw failure }
        let outcomes = state.withLock { state in image.layers.indices.compactMap { state.outcomes[$0] } }
        return Report(descriptor: try list(outcomes), outcomes: outcomes)
    }

    private func list(_ outcomes: [Outcome]) throws -> Descriptor {
        let ztocs = outcomes.compactMap(\.ztoc)
        guard !ztocs.isEmpty else {
            throw HermesError(
                .unsupported, "\(image.reference) has no layer that can be indexed",
                advice: "only gzip and uncompressed layers can be indexed")
        }
        return try storage.add(SOCIIndex(subject: image.descriptor, layers: ztocs), of: image)
    }

    private func index(_ number: Int, _ progress: (Int) throws -> Void) throws -> Outcome {
        let layer = image.layers[number]
        switch layer.compression {
        case .zstd: return .skipped("zstd layers cannot be indexed yet")
        case .unknown: return .skipped("layers of type \(layer.descriptor.mediaType.printable(100)) cannot be indexed")
        case .gzip, .none: break
        }
        guard !layer.isForeign || layer.descriptor.urls?.isEmpty ?? true else {
            return .skipped("the layer is not in the registry")
        }
        let (ztoc, summary) = try storage.ztoc(
            of: layer.descriptor, spanSize: spanSize, check: { try progress(0) },
            make: { sink in
                try LayerIndexer.index(
                    layer, from: try source.openBlob(layer.descriptor), spanSize: spanSize, to: sink, progress: progress
                )
            })
        return summary.map { .built(ztoc, $0) } ?? .reused(ztoc)
    }
}

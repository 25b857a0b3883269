import HermesSupport
import Synchronization

/// An image whose files can be read before it is here: its tree, its layers, and the scheduler for absent spans.
///
/// Safe for use from any thread. It is made by `ImageCache.open`; `close` ends its threads.
package final class LazyImage: @unchecked Sendable {
    /// The image's description.
    package let image: Image
    /// The merged tree.
    package let tree: ImageTree
    /// The layers that hold the files' data, from the bottom.
    package let layers: [LazyLayer]
    /// The scheduler that brings absent spans.
    package let scheduler: SpanScheduler
    /// The index that the tree was compiled from.
    let index: Digest
    /// The zTOCs of its layers.
    let ztocs: [Digest]
    private let refused = Atomic(false)
    /// The layers as the read path sees them: valid as long as this object is.
    let cached: UnsafeMutablePointer<CachedSpans>

    /// Puts an image together. Throws `corrupt` for a tree that is not of these layers.
    init(image: Image, tree: ImageTree, layers: [LazyLayer], scheduler: SpanScheduler, index: Digest, ztocs: [Digest])
        throws
    {
        guard tree.layerCount == layers.count else {
            throw HermesError(
                .corrupt, "the compiled tree has \(tree.layerCount) layers, not \(layers.count)")
        }
        try tree.checkData(against: layers.map(\.spans.uncompressedSize))
        self.image = image
        self.index = index
        self.ztocs = ztocs
        self.tree = tree
        self.layers = layers
        self.scheduler = scheduler
        cached = .allocate(capacity: layers.count)
        for (index, layer) in layers.enumerated() { (cached + index).initialize(to: CachedSpans(layer)) }
    }

    deinit { cached.deallocate() }

    /// Fails the reads that wait, cancels the requests under way, ends the scheduler's threads and waits for them.
    /// Reads of cached spans still work.
    package func close() { scheduler.stop() }

    /// Whether the index was found not to describe the image: reads that begin from then on fail.
    @inline(__always)
    var isRefused: Bool { refused.load(ordering: .relaxed) }

    /// What a read fails with after the disk did not give a part of the tree.
    var damage: HermesError? {
        guard tree.isBroken else { return nil }
        return HermesError(
            .io, "the disk does not give all of the compiled tree of \(image.reference)",
            advice: "look for its errors in the kernel's log")
    }

    /// Lets every read fail that begins from now on.
    func refuse() { refused.store(true, ordering: .relaxed) }

    /// Whether all of the image is in the cache.
    package var isComplete: Bool { layers.allSatisfy(\.isComplete) }
    /// The spans of the image that the cache has.
    package var present: SpanTally { layers.reduce(SpanTally()) { $0 + $1.present } }
    /// All of the image.
    package var whole: SpanTally { layers.reduce(SpanTally()) { $0 + $1.whole } }
}

import Glibc
import HermesSupport

/// An image as the kernel sees it through FUSE.
///
/// Safe for use from any thread. The operations are in `ImageFilesystem+*.swift`; a read whose spans are present runs on
/// the kernel's thread from request to reply over raw pointers, without lock, allocation or reference count.
final class ImageFilesystem: @unchecked Sendable {
    /// The image.
    let lazy: LazyImage
    /// The image's tree, layers and scheduler, one step nearer for the operations.
    let tree: ImageTree
    let layers: [LazyLayer]
    let scheduler: SpanScheduler
    let cached: UnsafeMutablePointer<CachedSpans>
    /// The hidden folder at the root.
    let state = StateFolder()
    /// The kernel's reads.
    let reads = ReadCounters()

    init(_ image: LazyImage) {
        lazy = image
        tree = image.tree
        layers = image.layers
        scheduler = image.scheduler
        cached = image.cached
    }

    deinit { reads.deallocate() }
}

import CFuse
import Glibc
import HermesSupport

/// An image as the kernel sees it through FUSE.
///
/// Safe for use from any thread. The operations are in `ImageFilesystem+*.swift`; a read whose spans are present runs on
/// the kernel's thread from request to reply over raw pointers, without lock, allocation or reference count.
final class ImageFilesystem: @unchecked Sendable {
    /// The image.
    let lazy: LazyImage
    /// The digest of its manifest, by which a thread is marked while it answers.
    let digest: Digest
    /// The image's tree, layers and scheduler, one step nearer for the operations.
    let tree: ImageTree
    let layers: [LazyLayer]
    let scheduler: SpanScheduler
    let cached: UnsafeMutablePointer<CachedSpans>
    /// The number of its first inode, less one: the image's slot (`ImageSlots`). Operations take numbers without it.
    let base: UInt64
    /// The hidden folder at the root of an image that is mounted alone. One of many is for containers, whose root could look in.
    let state = StateFolder()
    /// The image's slot, and the references that the kernel has to its inodes.
    let slot: Int
    private let counts: LookupCounts
    /// The kernel's reads.
    let reads = ReadCounters()
    /// Which files they are of, while somebody wants to know.
    let recorder = ReadRecorder()

    /// An image in a slot of a mount of many images, or alone in slot 0.
    init(_ image: LazyImage, slot: Int = 0, counts: LookupCounts) {
        self.slot = slot
        self.counts = counts
        base = UInt64(slot) << 32
        lazy = image
        digest = image.image.descriptor.digest
        tree = image.tree
        layers = image.layers
        scheduler = image.scheduler
        cached = image.cached
    }

    deinit { reads.deallocate() }

    /// Answers EIO, and returns true, where the disk did not give a part of the tree. To be called between the last look at the tree and
    /// the answer.
    @inline(__always)
    func failsBroken(_ request: fuse_req_t) -> Bool {
        guard tree.isBroken else { return false }
        fuse_reply_err(request, EIO)
        return true
    }

    /// Counts references that the kernel is about to be given.
    func lookedUp(_ count: Int) { counts.lookedUp(slot, count) }

    /// The kernel did not take references.
    func forgotten(_ count: Int) { counts.forgotten(slot, count) }
}

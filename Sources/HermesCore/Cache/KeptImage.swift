import HermesSupport
import Synchronization

/// An image that a `CacheKeeper` looks after.
///
/// `isEnding` is for any thread; `judged` and `isVerified` belong to the keeper's thread that compares layers, the other variables
/// to the one that does the rest.
final class KeptImage: @unchecked Sendable {
    let image: LazyImage
    /// Whether the image is being detached, so that long work on it ends.
    let isEnding = Atomic(false)
    /// When its spans were last made durable because of the time, and its time of use set.
    var synced = Monotonic.now()
    var touched = Monotonic.now()
    /// The layers whose comparison with the image has an outcome for good.
    var judged: Set<Int> = []
    var isVerified = false
    /// Whether it was said that the budget has no room for its spans.
    var isOverBudget = false
    let verified: @Sendable () -> Void

    init(_ image: LazyImage, verified: @escaping @Sendable () -> Void) {
        self.image = image
        self.verified = verified
    }

    /// The digest of the image's manifest.
    var digest: Digest { image.image.descriptor.digest }

    /// The bytes that were added to the cache for it.
    var storedBytes: Int {
        image.layers.reduce(0) { $0 + $1.store.storedBytes.load(ordering: .relaxed) }
    }
}

import HermesSupport
import Synchronization

/// An image that a `CacheKeeper` looks after.
///
/// `isEnding` is for any thread, the variables are the keeper's thread's own.
final class KeptImage: @unchecked Sendable {
    let filesystem: ImageFilesystem
    /// The image's manifest.
    let digest: Digest
    /// Whether the image is being detached: what takes long ends.
    let isEnding = Atomic(false)
    /// When its spans were last made durable because of the time, and its time of use set.
    var synced = Monotonic.now()
    var touched = Monotonic.now()
    /// The layers whose comparison with the image has an outcome for good.
    var judged: Set<Int> = []
    var isVerified = false
    let verified: @Sendable () -> Void

    init(_ filesystem: ImageFilesystem, digest: Digest, verified: @escaping @Sendable () -> Void) {
        self.filesystem = filesystem
        self.digest = digest
        self.verified = verified
    }

    /// The bytes that were added to the cache for it.
    var storedBytes: Int {
        filesystem.layers.reduce(0) { $0 + $1.store.storedBytes.load(ordering: .relaxed) }
    }
}

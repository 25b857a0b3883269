import HermesSupport
import Synchronization

/// What all images of a mount have counted, also those that were closed, so that no counter falls when an image goes.
///
/// Safe for use from any thread.
final class MountTotals: Sendable {
    private struct State {
        var images: [ObjectIdentifier: ImageFilesystem] = [:]
        /// The sums of the images that were closed.
        var closed = ImageFilesystem.zeroMetrics()
    }

    private let state = Mutex(State())

    /// Counts an image in from now on, until `closed`.
    func opened(_ image: ImageFilesystem) {
        state.withLock { $0.images[ObjectIdentifier(image.lazy)] = image }
    }

    /// An image has been closed: it counts nothing any more.
    func closed(_ lazy: LazyImage) {
        state.withLock { state in
            guard let image = state.images.removeValue(forKey: ObjectIdentifier(lazy)) else { return }
            state.closed = Self.sum(state.closed, image.finalMetrics())
        }
    }

    /// The sums now, and what the cache has of the images that are open. There are as many values as with one image.
    func metrics() -> [MetricFamily] {
        state.withLock { state in
            state.images.values.reduce(state.closed) { Self.sum($0, $1.countedMetrics()) }
                + ImageFilesystem.cacheMetrics(state.images.values.map(\.lazy))
        }
    }

    private static func sum(_ some: [MetricFamily], _ more: [MetricFamily]) -> [MetricFamily] {
        zip(some, more).map { $0.adding($1) }
    }
}

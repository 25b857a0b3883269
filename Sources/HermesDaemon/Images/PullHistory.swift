import HermesCore
import HermesSupport
import Synchronization

/// What became of an image that containerd pulled.
package enum PullResult: String, MetricLabel, Codable {
    /// It is mounted, and its layers were not pulled.
    case lazy
    /// It has no index.
    case noIndex = "no_index"
    /// It could not be mounted in the time for which a pull waits.
    case tooLate = "too_late"
    case failed
    /// The daemon crashed too often in its code.
    case crashed
    /// containerd did not say which image it pulls.
    case notAsked = "not_asked"

    package static let labelName = "result"
}

/// An image that was left to containerd, which pulled all of it.
package struct LeftImage: Codable, Sendable, Equatable {
    /// The name that it was pulled by; absent where containerd did not say it.
    package var image: String?
    /// The digest of its manifest; absent where containerd did not say it.
    package var manifest: Digest?
    /// When that was decided, in UTC as RFC 3339 has it.
    package var time: String
    package var result: PullResult
    /// Why, in one line.
    package var cause: String
}

/// What became of the images that containerd pulled: their number since the start, and the last that were not mounted.
///
/// An image counts once for each time that it is looked for, however many layers it has; the names of those that were not
/// mounted come from clients of containerd, so that as many are kept as fit in `limit`.
///
/// Safe for use from any thread.
final class PullHistory: Sendable {
    /// The images that are kept, and bytes of a cause.
    static let limit = (images: 100, cause: 1000)

    let results = CounterSet<PullResult>()
    private let images = Mutex<[LeftImage]>([])

    /// The images that were left to containerd last, the latest first.
    var left: [LeftImage] { images.withLock { $0.reversed() } }

    /// An image was mounted in time.
    func mounted() { results.add(for: .lazy) }

    /// An image was left to containerd.
    func left(_ result: PullResult, _ image: String?, _ manifest: Digest?, _ cause: String) {
        results.add(for: result)
        let left = LeftImage(
            image: image, manifest: manifest, time: Timestamp.now().rfc3339, result: result,
            cause: cause.printable(Self.limit.cause))
        images.withLock { images in
            images.append(left)
            if images.count > Self.limit.images { images.removeFirst() }
        }
    }

    /// A pull has come to the lowest layer of an image, with the name `target`, that was not looked for: the layer's labels do
    /// not say of which image it is, or nothing `isMounting` on this node.
    func passedOver(_ target: String, _ labels: [String: String], isMounting: Bool) {
        guard isMounting else {
            let request = LazyRequest(labels)
            let cause = "no image can be mounted lazily on this node: the log of the daemon's start has the cause"
            return left(.failed, request.map { "\($0.reference)" }, request?.manifest, cause)
        }
        left(
            .notAsked, nil, nil,
            "containerd did not say of which image the layer \(target.printable(100)) is"
                + " (disable_snapshot_annotations = false lets the kubelet's pulls say it)")
    }
}

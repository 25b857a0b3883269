import HermesCore
import HermesSupport

/// What an image that is not given up is doing, as a label of metrics.
enum ImageState: String, MetricLabel {
    /// Its index is looked for and compiled.
    case preparing
    /// It is mounted, and parts are not here.
    case fetching
    /// It is here, and not compared with its digests.
    case complete
    case verified
    /// It was mounted before the daemon was started again, and its files are answered with EIO.
    case lost

    static let labelName = "state"

    /// The state of an image that is mounted.
    init(_ lazy: LazyImage) {
        self = !lazy.isComplete ? .fetching : lazy.layers.allSatisfy(\.isVerified) ? .verified : .complete
    }
}

extension NodeImages {
    /// How many images there are in each state.
    func counts() -> [ImageState: Int] {
        let (shown, preparing) = state.withLock { ($0.value.allShown, $0.value.preparing) }
        return shown.reduce(into: [.preparing: preparing, .lost: mounts.lost().count]) { counts, image in
            counts[ImageState(image.lazy), default: 0] += 1
        }
    }

    /// How the images that are mounted are doing, in the order of their names. One whose lowest layers another image stands on
    /// comes once more for these.
    func status() -> [ImageStatus] {
        let shown = state.withLock { $0.value.allShown }
        let all = shown.flatMap { image in
            image.names.compactMap { name -> ImageStatus? in
                var status = mounts.status(name)
                status?.image = image.reference.description
                return status
            }
        }
        return all.sorted { ($0.image, "\($0.manifest)", $1.layers) < ($1.image, "\($1.manifest)", $0.layers) }
    }
}

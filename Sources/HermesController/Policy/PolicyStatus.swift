import HermesKubernetes
import HermesSupport

/// What the controller says of a policy: a pure function of the policy, its images and the time. Equal states give an equal
/// status at any time, so that the controller writes only what has changed.
package enum PolicyStatus {
    /// Images that a status lists; more would make the object too large for the API server in the end.
    static let imageLimit = 200
    /// Bytes of an image's error.
    static let errorLimit = 1024
    /// Bytes of a condition's message.
    static let messageLimit = 1024

    /// The status of a policy whose images are in these states. Two texts of Pods may mean one image: it counts once, and it is
    /// ready if any of its states says so. `policy.status` is what was written last.
    package static func status(
        of policy: HermesPolicy, compiled: CompiledPolicy, images: [HermesPolicy.Image], now: Timestamp
    ) -> HermesPolicy.Status {
        let images = distinct(images).sorted(by: isNewer)
        var counts: [HermesPolicy.Image.Phase: Int] = [:]
        for image in images { counts[image.phase, default: 0] += 1 }
        let facts = Facts(
            generation: policy.metadata.generation, previous: policy.status?.conditions ?? [],
            time: Timestamp(seconds: now.seconds).rfc3339)
        return HermesPolicy.Status(
            observedGeneration: policy.metadata.generation,
            ready: Int32(clamping: counts[.ready] ?? 0), building: Int32(clamping: counts[.building] ?? 0),
            failed: Int32(clamping: counts[.failed] ?? 0), images: images.prefix(imageLimit).map(bounded),
            conditions: conditions(compiled, images, counts).map { facts.condition($0) })
    }

    private static func distinct(_ images: [HermesPolicy.Image]) -> [HermesPolicy.Image] {
        struct Key: Hashable {
            let image: String
            let platform: String
        }
        var best: [Key: HermesPolicy.Image] = [:]
        for image in images {
            let key = Key(image: image.imageDigestRef, platform: image.platform)
            guard let other = best[key] else {
                best[key] = image
                continue
            }
            let isBetter =
                rank(image.phase) == rank(other.phase)
                ? isNewer(image, other) : rank(image.phase) < rank(other.phase)
            if isBetter { best[key] = image }
        }
        return Array(best.values)
    }

    private static func rank(_ phase: HermesPolicy.Image.Phase) -> Int {
        switch phase {
        case .ready: 0
        case .building: 1
        case .failed: 2
        }
    }

    /// A total order, newest first; an image that was never built comes before all. Times of one form, in UTC, have the order of
    /// their texts.
    private static func isNewer(_ one: HermesPolicy.Image, _ other: HermesPolicy.Image) -> Bool {
        if one.lastBuildTime != other.lastBuildTime {
            guard let time = one.lastBuildTime else { return true }
            return other.lastBuildTime.map { time > $0 } ?? false
        }
        return (one.imageDigestRef, one.platform, one.error ?? "") < (
            other.imageDigestRef, other.platform, other.error ?? ""
        )
    }

    private static func bounded(_ image: HermesPolicy.Image) -> HermesPolicy.Image {
        var image = image
        image.error = image.error?.printable(errorLimit)
        return image
    }
}

import HermesCore

/// How often the daemon crashed in the code of which image, and which images are left to containerd for that: a pure state machine,
/// without clock or I/O. Times are in seconds since 1970.
///
/// Three crashes on one image, each within an hour of the one before, put it aside for a week: pulls bring it in full, and a mount of it
/// that outlived the daemon fails with EIO. An image that is served for an hour without a crash begins at zero again. So does every
/// image under another version of Hermes, which may have mended the cause. Removing the image from the node changes nothing, because
/// pulling it again is how an operator gets it without a mount.
///
/// A crash counts for the image whose code the thread that crashed ran. Where that is not known, as after a kill for want of
/// memory, it counts for each image that some thread ran code for: the one that is the cause was among them each time, and another
/// one hardly ever three times.
struct CrashRecord: Codable, Equatable {
    /// Crashes after which an image is put aside.
    static let limit = 3
    /// Seconds after which a crash is forgotten.
    static let memory: Int64 = 3600
    /// Seconds for which an image is put aside.
    static let asideTime: Int64 = 7 * 86_400

    struct Image: Codable, Equatable {
        let manifest: Digest
        var crashes: Int
        /// When the last one was noted.
        var last: Int64
    }

    /// The version of Hermes that crashed.
    private(set) var version: String
    private(set) var images: [Image] = []

    /// Nothing has crashed.
    init(version: String) { self.version = version }

    /// A run begins, of a version: forgets what is over.
    mutating func begin(version: String, now: Int64) {
        guard version == self.version else { return self = CrashRecord(version: version) }
        // A clock that was set back must not keep an image aside for ever.
        for index in images.indices where images[index].last > now { images[index].last = now }
        images.removeAll { Self.isOver($0, now) }
    }

    private static func isOver(_ image: Image, _ now: Int64) -> Bool {
        now - image.last > (image.crashes < limit ? memory : asideTime)
    }

    /// The run before ended by a crash in the code of these images. To be called after `begin`.
    mutating func crashed(_ manifests: Set<Digest>, now: Int64) {
        for manifest in manifests {
            if let index = images.firstIndex(where: { $0.manifest == manifest }) {
                images[index].crashes = min(Self.limit, images[index].crashes + 1)
                images[index].last = now
            } else {
                images.append(Image(manifest: manifest, crashes: 1, last: now))
            }
        }
    }

    /// How often the daemon crashed in the code of an image.
    func crashes(_ manifest: Digest) -> Int { images.first { $0.manifest == manifest }?.crashes ?? 0 }

    /// Whether an image is put aside.
    func isAside(_ manifest: Digest, now: Int64) -> Bool {
        images.contains { $0.manifest == manifest && $0.crashes >= Self.limit && !Self.isOver($0, now) }
    }

    /// How many images are put aside.
    func asideCount(now: Int64) -> Int { images.count { $0.crashes >= Self.limit && !Self.isOver($0, now) } }
}

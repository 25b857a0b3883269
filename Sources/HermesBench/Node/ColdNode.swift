import Glibc
import HermesContainerd
import HermesCore
import HermesSupport

/// Makes a node forget an image, and proves that it did: what is measured as cold is cold.
struct ColdNode: Sendable {
    let containerd: ContainerdClient
    let observe: NodeBench.Observer
    let forget: NodeBench.Forgetter

    /// Milliseconds that a snapshotter has to free an image that nobody uses any more.
    private static let patience = 60_000
    /// Milliseconds after which containerd is told to look for snapshots that it does not know, and each time again.
    private static let lookAfter = 2000

    /// Deletes what the bench has of the image, and drops the kernel's caches. Throws `unavailable` when the snapshotter keeps the
    /// image, and `usage` when others on this node have it.
    func prepare(_ image: Image, on snapshotter: String) throws {
        try BenchNamespace(containerd).clear()
        do {
            try waitUntilForgotten(image, by: snapshotter)
        } catch {
            throw HermesError("cannot make this node forget \(image.reference)", cause: error)
        }
        try Self.dropCaches()
    }

    private func waitUntilForgotten(_ image: Image, by snapshotter: String) throws {
        // What is looked for by writing it belongs to a lease, or garbage collection may be in the way.
        let lease = "\(BenchNamespace.name)-cold"
        try containerd.createLease(lease, expiry: Timestamp.tomorrow)
        defer { try? containerd.deleteLease(lease, isWaited: true) }
        let deadline = Monotonic.now().adding(milliseconds: Self.patience)
        var nextLook = Monotonic.now().adding(milliseconds: Self.lookAfter)
        while try !isForgotten(image, by: snapshotter, lease) {
            guard Monotonic.now() < deadline else {
                throw HermesError(
                    .unavailable, "the snapshotter \(snapshotter) still has \(image.reference) after a minute",
                    advice: "a cold start cannot be measured while it is in use")
            }
            if Monotonic.now() >= nextLook {
                try removeUnknown(of: snapshotter)
                nextLook = Monotonic.now().adding(milliseconds: Self.lookAfter)
            }
            usleep(20_000)
        }
    }

    /// Has containerd remove the snapshots of which only the snapshotter knows. A call leaves one whose client was killed, such as an
    /// earlier bench. containerd looks for them in its garbage collection, but only after a snapshot of the same snapshotter was removed:
    /// so one is made and removed.
    private func removeUnknown(of snapshotter: String) throws {
        let name = "\(BenchNamespace.name)-unknown"
        try containerd.createLease(name, expiry: Timestamp.tomorrow)
        // The wait is for the garbage collection.
        defer { try? containerd.deleteLease(name, isWaited: true) }
        _ = try containerd.prepareSnapshot(name, parent: "", of: snapshotter, lease: name)
        try containerd.removeSnapshot(name, of: snapshotter)
    }

    /// Throws `usage` where a namespace other than the bench's has a part of the image: it would not be fetched, or not unpacked.
    func checkThatNobodyHas(_ image: Image, snapshotters: [String]) throws {
        for namespace in try containerd.namespaces() where namespace != containerd.namespace {
            let other = try containerd.inNamespace(namespace)
            defer { other.close() }
            for blob in image.blobs where try other.hasContent("\(blob.digest)") {
                throw Self.inUse(image, "\(blob.digest)", namespace)
            }
            for snapshotter in snapshotters {
                for chain in image.chainIDs where try other.hasSnapshot("\(chain)", of: snapshotter) {
                    throw Self.inUse(image, "the snapshot \(chain) of \(snapshotter)", namespace)
                }
            }
        }
    }

    private static func inUse(_ image: Image, _ part: String, _ namespace: String) -> HermesError {
        HermesError(
            .usage, "\(image.reference) would not start cold: the namespace \(namespace.printable(100)) has \(part)",
            advice: "remove the images that have it there, or bench on a node that does not use them")
    }

    private func isForgotten(_ image: Image, by snapshotter: String, _ lease: String) throws -> Bool {
        // containerd deletes a file a moment after its entry.
        for blob in image.blobs where try containerd.hasBytes(of: blob.forContainerd, lease: lease) { return false }
        for chain in image.chainIDs where try containerd.hasSnapshot("\(chain)", of: snapshotter) { return false }
        guard try observe(snapshotter, image.descriptor.digest) == nil else { return false }
        return try forget(snapshotter, image.descriptor.digest)
    }

    /// Writes what is to be written, and drops the page cache, names and inodes (proc_sys_vm(5), drop_caches).
    private static func dropCaches() throws {
        sync()
        let file = try OpenFile("/proc/sys/vm/drop_caches", O_WRONLY)
        guard write(file.descriptor, "3", 1) == 1 else {
            throw HermesError(.denied, "cannot drop the kernel's caches", cause: SystemError.last)
        }
    }
}

extension Image {
    /// All that containerd's content store has of an image that was pulled.
    var blobs: [Descriptor] { [descriptor, manifest.config] + layers.map(\.descriptor) }
}

import Glibc
import HermesContainerd
import HermesSupport

/// The namespace of containerd in which a bench works: all in it is a bench's, so that a later bench can clear away what one left
/// that was killed.
struct BenchNamespace {
    static let name = "hermes-bench"

    private let containerd: ContainerdClient

    /// `containerd` is in the namespace.
    init(_ containerd: ContainerdClient) { self.containerd = containerd }

    /// Makes the namespace where it is missing.
    func make() throws {
        do {
            try containerd.createNamespace()
        } catch let error as ContainerdError where error.kind == .alreadyExists {
            return
        } catch {
            throw HermesError("cannot use containerd", cause: error)
        }
    }

    /// Takes away all that is in the namespace, and waits until containerd has freed it.
    func clear() throws {
        do {
            for name in try containerd.containers() {
                try? containerd.killTask(name, SIGKILL)
                for _ in 0..<50 where (try? containerd.deleteTask(name)) == nil {
                    guard try containerd.hasTask(name) else { break }
                    usleep(100_000)
                }
                try unlessGone { try containerd.deleteContainer(name) }
            }
            for image in try containerd.images() { try unlessGone { try containerd.deleteImage(image.name) } }
            for lease in try containerd.leases() {
                try unlessGone { try containerd.deleteLease(lease, isWaited: true) }
            }
        } catch {
            throw HermesError("cannot clear the namespace \(Self.name) of containerd", cause: error)
        }
    }

    /// Clears and deletes the namespace. Failures are left to the next bench.
    func remove() {
        try? clear()
        try? containerd.deleteNamespace()
    }

    private func unlessGone(_ body: () throws -> Void) throws {
        do { try body() } catch let error as ContainerdError where error.kind == .notFound {}
    }
}

extension Timestamp {
    /// When a lease of a bench ends by itself, as RFC 3339 has it.
    static var tomorrow: String { Timestamp(seconds: Timestamp.now().seconds + 24 * 3600, nanoseconds: 0).rfc3339 }
}

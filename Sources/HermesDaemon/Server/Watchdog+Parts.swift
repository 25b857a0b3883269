import Glibc
import HermesSupport
import NIOPosix

extension Watchdog {
    /// What a daemon stands on: the loops of its sockets and Swift's threads, the HTTP client, the clock of the reads, the
    /// threads that inflate, and those that answer the kernel.
    package static func parts(of snapshotter: OverlaySnapshotter) -> [Part] {
        guard let images = snapshotter.images else { return [eventLoops] }
        return [
            eventLoops,
            Part(name: "HTTP client") { images.http.soon($0) },
            Part(name: "fetch clock") { images.threads.soon($0) },
            Part(name: "inflating threads", usesDisk: true) { images.threads.inflateSoon($0) },
            mount(on: images.mounts.directory),
        ]
    }

    /// Asked by statfs(2), which the kernel never answers by itself.
    private static func mount(on directory: String) -> Part {
        Part(name: "mount", usesDisk: true) { answered in
            let question = try? SystemThread("hermes-ask") {
                var status = statvfs()
                _ = statvfs(directory, &status)
                answered()
            }
            // A thread that cannot be made says nothing about the mount.
            guard let question else { return answered() }
            question.detach()
        }
    }

    /// The loops that gRPC's connections have (`HTTP2ServerTransport.Posix`). Calls run on Swift's threads, so the answer takes
    /// that way, too.
    private static let eventLoops = Part(name: "event loops") { answered in
        Task.detached {
            for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try? await loop.submit {}.get() }
            answered()
        }
    }
}

import NIOPosix

extension Watchdog {
    /// What a daemon stands on: the loops of its sockets and Swift's threads, the HTTP client, the clock of the reads.
    /// Threads that wait for the cache's disk are not asked: a slow disk is no reason for a restart, and none mends it.
    package static func parts(of snapshotter: OverlaySnapshotter) -> [Part] {
        guard let images = snapshotter.images else { return [eventLoops] }
        return [
            eventLoops,
            Part(name: "HTTP client") { images.http.soon($0) },
            Part(name: "fetch clock") { images.threads.soon($0) },
        ]
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

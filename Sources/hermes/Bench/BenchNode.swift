import ArgumentParser
import HermesBench
import HermesCore
import HermesDaemon
import HermesSupport
import Synchronization

/// The image of a bench on this node, and the containerd that starts it.
struct BenchNode: ParsableArguments {
    @OptionGroup var options: ImageOptions

    @Option(help: "The longest that a start may take.")
    var timeout = "30m"

    @Flag(help: "Also measure where other containers run, which feel that the kernel's caches are dropped.")
    var yes = false

    @Option(help: "containerd's socket.")
    var address = "/run/containerd/containerd.sock"

    @Option(help: "The socket on which hermes daemon answers containerd.")
    var daemonAddress = "/run/hermes-daemon/hermes-daemon.sock"

    /// Runs `body` with a bench of `chosen`, in which what these options say is to be filled in. A signal stops the bench.
    func withBench<Result>(_ chosen: NodeBench.Options, _ body: (NodeBench) throws -> Result) throws -> Result {
        let chosen = try filled(chosen)
        let interrupt = try Interrupt()
        let stopped = Mutex(false)
        let daemon = DaemonCommand.absolute(daemonAddress)
        let bench = try NodeBench(
            chosen, open: options.open,
            observe: { snapshotter, manifest in
                snapshotter == "hermes" ? try Self.observe(daemon, manifest) : nil
            },
            forget: { snapshotter, manifest in
                snapshotter == "hermes" ? try ReadRecording.forget(manifest, at: daemon) : true
            },
            server: { snapshotter in
                snapshotter == "hermes" ? UnixSocket.peer(of: DaemonStatus.socket(beside: daemon)) : nil
            },
            record: { snapshotter, manifest in
                snapshotter == "hermes" ? try Self.record(daemon, manifest) : nil
            },
            isStopped: { stopped.withLock { $0 } }, progress: { CommandLog.say($0) })
        defer { bench.close() }
        interrupt.hold { stopped.withLock { $0 = true } }
        return try body(bench)
    }

    /// Has the daemon record the reads of an image.
    private static func record(_ address: String, _ manifest: Digest) throws -> (() throws -> ReadRecord) {
        let recording = try ReadRecording(of: manifest, at: address)
        return { try recording.end() }
    }

    /// What the daemon says of an image.
    private static func observe(_ address: String, _ manifest: Digest) throws -> NodeBench.Observation? {
        let status = try DaemonStatus.read(from: address)
        guard let image = status.images.first(where: { $0.manifest == manifest }) else {
            return status.cached.contains(manifest) ? .init(isComplete: false, fetchedBytes: 0) : nil
        }
        return .init(isComplete: image.complete, fetchedBytes: image.fetchedBytes)
    }

    private func filled(_ chosen: NodeBench.Options) throws -> NodeBench.Options {
        var chosen = chosen
        chosen.address = DaemonCommand.absolute(address)
        chosen.timeout = try OptionValues.seconds(timeout, "--timeout")
        chosen.isAllowed = yes
        return chosen
    }
}

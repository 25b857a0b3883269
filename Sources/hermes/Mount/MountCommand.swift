import ArgumentParser
import Glibc
import HermesCore
import HermesSupport
import Logging

struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount an image's root file system at once, and fetch what is touched.",
        discussion: """
            The merged file system of the image appears read-only in DIR. Files come from the image's registry when they \
            are read; what was fetched stays in the cache, for the next mount as well. The command stays in the \
            foreground until it is interrupted or DIR is unmounted. DIR/.hermes, which no listing shows, holds state.json \
            with what is here, and metrics in Prometheus's format.

            EXAMPLES
              hermes mount docker.io/library/python:3.12 /mnt
              hermes mount --survive docker.io/library/python:3.12 /mnt
              hermes mount --index-digest sha256:9c3f... registry.example.com/team/vllm:1.2 /mnt
              hermes mount --index hermes-index --fill registry.example.com/team/vllm:1.2 /mnt
            """
    )

    @OptionGroup var options: ImageOptions

    @Argument(help: "An empty folder.")
    var directory: String

    @OptionGroup var cacheOptions: CacheOptions

    @Option(
        help: """
            The most that the cache may take on the disk, such as 20G or 500M; the layers used longest ago go first. \
            (default: until a tenth of the file system is left)
            """)
    var cacheSize: String?

    @Flag(help: "Also fetch the rest of the image in the background.")
    var fill = false

    @Flag(
        help: """
            Let the mount outlive this process: after kill -9, the same command goes on with it, and readers wait for that, \
            for a minute at most. (root, Linux 6.9)
            """)
    var survive = false

    @OptionGroup var logOptions: LogOptions

    func run() throws {
        let start = Monotonic.now()
        let log = logOptions.logger()
        let budget = try cacheSize.map { CacheBudget(size: try ByteSize.read($0)) } ?? CacheBudget()
        let interrupt = try Interrupt()
        let surviving = try survive ? SurvivingMount(on: directory, log: log) : nil
        if let surviving, surviving.isHeld {
            // Until the mount is served again, a signal has to end it here.
            interrupt.hold {
                surviving.end()
                StandardError.flush()
                _exit(HermesError.Code.interrupted.exitCode)
            }
        } else {
            try MountDirectory.check(directory)
        }
        let cache = try cacheOptions.open()
        let threads = try FetchThreads()
        defer { threads.stop() }
        let lazy = try open(surviving, in: cache, threads: threads, interrupt, log: log)
        let keeper = try CacheKeeper(cache, budget: budget, log: log)
        defer { keeper.stop() }
        let mount =
            try surviving.map { try LazyMount(lazy, $0, platform: options.platform, keeper: keeper) }
            ?? LazyMount(lazy, on: directory, keeper: keeper)
        defer { mount.close() }
        interrupt.hold { mount.end() }
        let report = MountReport(lazy)
        report.mounted(on: directory, since: start, again: surviving?.isHeld ?? false)
        let progress = try? MountProgress(lazy, fill: fill)
        mount.keep { report.verified() }
        if fill { lazy.scheduler.fill { report.filled() } }
        mount.waitUntilUnmounted()
        progress?.stop()
        report.ended()
    }

    /// Opens the image: for a mount that was held with the index that it began with, from the cache alone.
    private func open(
        _ surviving: SurvivingMount?, in cache: ImageCache, threads: FetchThreads, _ interrupt: Interrupt, log: Logger
    ) throws -> LazyImage {
        if let surviving, surviving.isHeld {
            let source = try options.open().0
            if let held = try surviving.image(
                reference: source.name, platform: options.platform, index: try cacheOptions.pinnedIndex())
            {
                return try cache.reopen(
                    held.manifest, index: held.index, tree: held.tree, source: source, threads: threads, log: log)
            }
        }
        let (source, image) = try options.resolve(in: cache, log: log)
        return try cacheOptions.prepare(image, from: source, in: cache, threads: threads, interrupt, log: log)
    }
}

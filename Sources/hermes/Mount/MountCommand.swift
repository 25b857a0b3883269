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
              hermes mount --index hermes-index --fill registry.example.com/team/vllm:1.2 /mnt
            """
    )

    @OptionGroup var options: ImageOptions

    @Argument(help: "An empty folder.")
    var directory: String

    @OptionGroup var cacheOptions: CacheOptions

    @Option(
        help: """
            The most that the cache may take on the disk, such as 20G or 500M; what was used longest ago goes first. \
            (default: until a tenth of the file system is left)
            """)
    var cacheSize: String?

    @Flag(help: "Also fetch the rest of the image in the background.")
    var fill = false

    @OptionGroup var logOptions: LogOptions

    func run() throws {
        let start = Monotonic.now()
        let log = logOptions.logger()
        try checkDirectory()
        let budget = try budget()
        let interrupt = try Interrupt()
        let cache = try cacheOptions.open()
        let (source, image) = try options.resolve(in: cache, log: log)
        let filesystem = try cacheOptions.filesystem(of: image, source, in: cache, interrupt, log: log)
        let keeper = try CacheKeeper(cache, budget: budget, log: log)
        defer {
            filesystem.scheduler.stop()
            keeper.detach(filesystem)
            keeper.stop()
        }
        let session = try FuseSession(filesystem, on: directory, name: image.reference)
        interrupt.hold { session.end() }
        let processors = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let server = try SystemThread("hermes-fuse") { session.serve(threads: min(8, 2 * processors)) }
        do {
            try session.start(readAhead: 256)
        } catch {
            session.end()
            server.join()
            throw error
        }
        let time = Quantity.duration(milliseconds: Monotonic.now().milliseconds(since: start))
        let metadata: Logger.Metadata = ["image": "\(image.reference)"]
        CommandLog.say("mounted \(image.reference) on \(directory) in \(time)", metadata)
        let progress = try? MountProgress(filesystem, fill: fill)
        keeper.attach(filesystem, image) {
            CommandLog.say("the image is verified: nothing of it is asked of the registry any more", metadata)
        }
        if fill {
            let size = image.layers.reduce(0) { $0 + $1.descriptor.size }
            filesystem.scheduler.fill {
                let isWhole = filesystem.layers.allSatisfy(\.isComplete)
                CommandLog.say(
                    isWhole ? "the image is complete: \(Quantity.bytes(size))" : "the fill gave up", metadata)
            }
        }
        server.join()
        session.end()
        progress?.stop()
        CommandLog.say(Self.summary(filesystem, image), metadata)
    }

    private func budget() throws -> CacheBudget {
        guard let cacheSize else { return CacheBudget() }
        guard let size = Quantity.parse(cacheSize), size > 0 else {
            throw HermesError(.usage, "\"\(cacheSize)\" is not a size", advice: "write it like 20G, 500M or 1048576")
        }
        return CacheBudget(size: size)
    }

    private func checkDirectory() throws {
        let names: [String]
        do {
            names = try FolderListing.names(in: directory)
        } catch {
            let code: HermesError.Code = [ENOENT, ENOTDIR].contains(error.number) ? .cannotCreate : .io
            let advice = error.number == ENOTCONN ? "a mount was killed there: umount -l \(directory)" : nil
            throw HermesError(code, "cannot mount on \(directory)", cause: error, advice: advice)
        }
        guard names.isEmpty else {
            throw HermesError(.cannotCreate, "cannot mount on \(directory): it is not empty")
        }
    }

    private static func summary(_ filesystem: ImageFilesystem, _ image: Image) -> String {
        let counters = filesystem.scheduler.counters
        let fetched = counters.fetchedByteCount
        let size = image.layers.reduce(0) { $0 + $1.descriptor.size }
        return "fetched \(Quantity.bytes(fetched)), \(Quantity.percent(fetched, of: size)) of the image, in"
            + " \(counters.requestCount) requests"
    }
}

import ArgumentParser
import Glibc
import HermesCore
import HermesSupport
import Logging

/// Where compiled indexes and fetched data are kept, and how an index is found.
struct CacheOptions: ParsableArguments {
    @Option(help: "The OCI image layout that holds the index. (default: the cache, then the image's referrers)")
    var index: String?

    @Option(
        help: """
            The digest of the index to take, sha256:..., from the image's repository or the layout of --index; no other is \
            taken, and none is built.
            """)
    var indexDigest: String?

    @Option(help: "The folder for compiled indexes and fetched data. (default: /var/cache/hermes, or the user's cache)")
    var cache: String?

    func open() throws -> ImageCache {
        if let cache { return try ImageCache(cache) }
        guard geteuid() != 0 else { return try ImageCache("/var/cache/hermes") }
        let variable = EnvironmentVariable.value
        guard let base = variable("XDG_CACHE_HOME") ?? variable("HOME").map({ $0 + "/.cache" }) else {
            throw HermesError(.usage, "no cache folder: neither XDG_CACHE_HOME nor HOME is set", advice: "use --cache")
        }
        mkdir(base, 0o700)
        return try ImageCache(base + "/hermes")
    }

    /// The digest of the only index that may be taken; nil for any. Throws `usage`.
    func pinnedIndex() throws -> Digest? { try indexDigest.map { try OptionValues.digest($0, "--index-digest") } }

    /// Opens an image of which the cache may have nothing yet; see `ImageCache.prepare`. An index that is found nowhere is
    /// built here and now.
    func prepare(
        _ image: Image, from source: any ImageSource, in cache: ImageCache, threads: FetchThreads,
        _ interrupt: Interrupt, log: Logger
    ) throws -> LazyImage {
        try cache.prepare(
            image, from: source, index: index, pinned: try pinnedIndex(), threads: threads, log: log
        ) { layout in
            CommandLog.say("\(image.reference) has no index: building one now, which reads the whole image once")
            _ = try IndexRun(image: image, source: source, layout: layout).run(interrupt)
        }
    }
}

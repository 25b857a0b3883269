import ArgumentParser
import Glibc
import HermesCore
import HermesSupport
import Logging

/// Where compiled indexes and fetched data are kept, and how an index is found.
struct CacheOptions: ParsableArguments {
    @Option(help: "The OCI image layout that holds the index. (default: the cache, then the image's referrers)")
    var index: String?

    @Option(help: "The folder for compiled indexes and fetched data. (default: /var/cache/hermes, or the user's cache)")
    var cache: String?

    func open() throws -> ImageCache {
        if let cache { return try ImageCache(cache) }
        guard geteuid() != 0 else { return try ImageCache("/var/cache/hermes") }
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        guard let base = variable("XDG_CACHE_HOME") ?? variable("HOME").map({ $0 + "/.cache" }), !base.isEmpty else {
            throw HermesError(.usage, "no cache folder: neither XDG_CACHE_HOME nor HOME is set", advice: "use --cache")
        }
        mkdir(base, 0o700)
        return try ImageCache(base + "/hermes")
    }

    /// Sees to it that the image is compiled in the cache: from the index that was asked for, from what the cache has,
    /// from a referrer of the image, or from an index that is built here and now.
    private func prepare(_ image: Image, _ source: any ImageSource, in cache: ImageCache, _ interrupt: Interrupt) throws
    {
        if let index {
            let layout = try ImageLayout(index)
            let digest = try layout.index(of: image.descriptor.digest, image: image.reference).descriptor.digest
            if !cache.isCompiled(image, index: digest) {
                try cache.compile(image, try IndexFiles.find(image, in: layout))
            }
            return
        }
        guard !cache.isCompiled(image) else { return }
        if let files = try waiting({ try await IndexFiles.findReferrer(image, at: source, in: cache.path) }) {
            return try cache.compile(image, files)
        }
        CommandLog.say("\(image.reference) has no index: building one now, which reads the whole image once")
        let layout = try ImageLayout.openOrCreate(cache.path + "/index")
        _ = try IndexRun(image: image, source: source, layout: layout).run(interrupt)
        try cache.compile(image, try IndexFiles.find(image, in: layout))
    }
}

extension CacheOptions {
    /// Opens the image's file system, compiled if need be. A layer that another process removes from the cache in between
    /// is compiled again, once.
    func filesystem(
        of image: Image, _ source: any ImageSource, in cache: ImageCache, _ interrupt: Interrupt, log: Logger
    ) throws -> ImageFilesystem {
        func attempt() throws -> ImageFilesystem {
            try prepare(image, source, in: cache, interrupt)
            let processors = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            return try cache.open(image, source: source, workers: processors, log: log)
        }
        do {
            return try attempt()
        } catch let error as HermesError where error.code == .notFound && !cache.isCompiled(image) {
            return try attempt()
        }
    }
}

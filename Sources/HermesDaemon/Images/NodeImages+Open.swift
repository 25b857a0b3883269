import HermesCore
import HermesSupport
import Logging

extension NodeImages {
    /// Compilations at one time.
    private static let compilations = 2

    /// Finds, compiles and opens an image, until `deadline`. Throws `notFound` when it has no index, and the error of the step
    /// that fails; `unavailable` for an image in whose code the daemon crashed too often.
    func open(_ digest: Digest, _ reference: Reference, until deadline: Monotonic) throws -> LazyImage {
        try crashes.check(digest)
        let source = try source(digest, reference)
        let image = try waiting(until: deadline) { [cache, log] in
            try await cache.resolve(source, platform: .host, log: log)
        }
        guard image.descriptor.digest == digest else {
            throw HermesError(.unsupported, "\(source.name) is not the manifest of one platform")
        }
        // An open layer has two descriptors; the others are for those that are being compiled.
        try DescriptorLimit.check(for: 2 * image.layers.count + 32)
        return try cache.prepare(image, from: source, threads: threads, log: log) { refused in
            try settings.withLock(\.indexes).find(image, reference, source, except: refused, until: deadline)
        } compile: { body in
            try whileFewCompile(body)
        }
    }

    /// Opens an image that is whole in the cache, without the network.
    func reopen(_ digest: Digest, _ reference: Reference) throws -> LazyImage {
        try crashes.check(digest)
        let source = try source(digest, reference)
        return try digest.serving {
            let image = try cache.known(digest, name: source.name)
            return try cache.open(image, source: source, threads: threads, log: log)
        }
    }

    /// Opens what a slot of the mount has shown in an earlier process, with the same index, without the network.
    static func reopen(
        _ slot: HeldSlot, _ cache: ImageCache, _ registries: RegistryClients, _ threads: FetchThreads, _ log: Logger
    ) throws -> LazyMounts.Reopened {
        let lazy = try slot.manifest.serving {
            try cache.reopen(
                slot.manifest, index: slot.index, tree: slot.tree, lowest: slot.layers,
                source: try registries.source(try Reference(slot.reference)), threads: threads, log: log)
        }
        // Of an image and its lowest layers, one is enough to say that it is verified.
        guard !isPrefix(slot) else { return (lazy, {}) }
        return (lazy, verified(lazy, log))
    }

    /// Whether a slot shows the lowest layers of an image, and not the image.
    static func isPrefix(_ slot: HeldSlot) -> Bool { slot.name != slot.manifest.hex }

    /// What is said when an image is verified.
    static func verified(_ lazy: LazyImage, _ log: Logger) -> @Sendable () -> Void {
        let metadata: Logger.Metadata = ["image": "\(lazy.image.reference)"]
        return { log.notice("the image is verified: its registry is not needed any more", metadata: metadata) }
    }

    /// The image's registry. The digest decides, whatever the tag names now.
    func source(_ digest: Digest, _ reference: Reference) throws -> RegistrySource {
        try registries.source(try Reference("\(reference.registry)/\(reference.repository)@\(digest)"))
    }

    private func whileFewCompile(_ body: () throws -> Void) throws {
        compiling.withLock { held in
            while held.value >= Self.compilations { held.wait() }
            held.value += 1
        }
        defer {
            compiling.withLock {
                $0.value -= 1
                $0.broadcast()
            }
        }
        try body()
    }
}

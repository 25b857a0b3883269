import Glibc
import Logging

@testable import HermesCore
@testable import HermesSupport

extension FuzzTarget {
    /// Whole images: layers that the bytes describe, indexed, perhaps damaged, and opened, walked, read and verified as by a mount. An
    /// image that is not damaged shows what its tars hold, to the byte. A damaged one may be refused, and its reads may fail; bytes
    /// whose index is right, or whose layers are verified, are right.
    static let image = FuzzTarget(name: "image") { bytes in
        var input = FuzzInput(bytes)
        let damage = FuzzDamage(&input)
        let seed = input.byte()
        let spanSize = [1, 512, 3000, 32_768, 65_536, 1 << 20][input.byte() % 6]
        let layers = try (0..<1 + input.byte() % 4).map { _ in try FuzzLayer(&input) }
        let stored: StoredImage
        do {
            stored = try StoredImage(layers, spanSize: spanSize, damage: damage)
        } catch {
            return check(false, "an image that was just made is not indexed: \(error)")
        }
        do {
            try ImageExamination(stored, seed: seed).run()
        } catch {
            check(!damage.isNone, "an image without a fault: \(error)")
            throw error
        }
    }
}

/// The way of one image: from its name to a verified mount.
private struct ImageExamination {
    private let stored: StoredImage
    private let damage: FuzzDamage
    private let seed: Int
    private let log = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

    init(_ stored: StoredImage, seed: Int) {
        self.stored = stored
        self.seed = seed
        damage = stored.damage
    }

    func run() throws {
        let source = stored.source
        let image = try waiting { try await source.resolve(platform: StoredImage.platform) }
        guard let refused = try examine(image, isIndexRight: damage.leavesIndex) else { return }
        // The next mount uses another index: the one before it, or one that it builds.
        try stored.files.cache.refuse(refused, of: image.descriptor.digest)
        _ = try examine(image, isIndexRight: false)
    }

    private func open(_ image: Image) throws -> LazyImage {
        try stored.files.cache.prepare(
            image, from: stored.source, index: nil, pinned: nil, threads: FuzzImage.threads.get(), log: log,
            build: { layout in try stored.build(image, in: layout) })
    }

    /// Opens an image and looks at all of it. Returns its index when the index was refused.
    private func examine(_ image: Image, isIndexRight: Bool) throws -> Digest? {
        let lazy = try open(image)
        defer { lazy.close() }
        let filesystem = ImageFilesystem(lazy, counts: LookupCounts())
        if isIndexRight, let model = stored.model(of: image, { Digest.of($0.blob) == $1.descriptor.digest }) {
            let contents = ImageComparison(lazy.tree, model).contents
            ImageReads.compare(contents, of: lazy, seed: seed, mayFail: damage.place == .blob)
        } else {
            ImageReads.tryAll(of: lazy)
        }
        // While spans are on their way, what is shown changes.
        _ = filesystem.contents(.state)
        ImageReads.fill(lazy)
        let checks = try lazy.layers.indices.map { try verify($0, of: lazy) }
        check(!damage.isNone || checks.allSatisfy { $0 == .verified }, "a right image is not verified: \(checks)")
        try FuzzTarget.checkState(filesystem)
        FuzzTarget.checkMetrics(filesystem)
        if checks.allSatisfy({ $0 == .verified }) {
            guard let model = stored.model(of: image, { Digest.of($0.content) == $1.diffID }) else {
                return nil
            }
            compareVerified(lazy, model)
            return nil
        }
        guard checks.contains(where: { [.failed, .forged, .contradicted].contains($0) }) else { return nil }
        lazy.refuse()
        ImageReads.tryAll(of: lazy)
        return lazy.index
    }

    /// Compares a layer as `CacheKeeper` does. One whose content is wrong is fetched a second time.
    private func verify(_ number: Int, of lazy: LazyImage) throws -> LayerCheck {
        let layer = lazy.layers[number]
        for _ in 0..<2 where layer.isComplete {
            let result = try layer.store.verify(layer.diffID) {
                try stored.files.cache.openZTOC(lazy.ztocs[number], in: layer.store.folder)
            } isStopped: {
                false
            }
            guard let check = result?.check, check == .failedOnce else { return result?.check ?? .open }
            lazy.scheduler.refill(layer: number)
            ImageReads.fill(lazy)
        }
        return .open
    }

    /// An image that is verified needs its source no more, in this mount and in the next.
    private func compareVerified(_ lazy: LazyImage, _ model: ModelImage) {
        let contents = ImageComparison(lazy.tree, model).contents
        for layer in lazy.layers { unlink(stored.files.layout.blobPath(layer.descriptor.digest)) }
        ImageReads.compare(contents, of: lazy, seed: seed / 2, mayFail: false)
        do {
            let again = try open(lazy.image)
            defer { again.close() }
            ImageReads.compare(ImageComparison(again.tree, model).contents, of: again, seed: seed / 3, mayFail: false)
        } catch {
            check(false, "a verified image does not open again: \(error)")
        }
    }
}

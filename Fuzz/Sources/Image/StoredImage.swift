import Glibc

@testable import HermesCore
@testable import HermesSupport

/// The layers that the fuzzer chose as an image with an index in a layout, damaged as it chose.
struct StoredImage {
    let files: FuzzImage
    let layers: [FuzzLayer]
    let damage: FuzzDamage
    static let platform = Platform(architecture: "amd64", os: "linux")

    private let spanSize: Int64

    /// Writes all of it. Throws what the indexer throws.
    init(_ layers: [FuzzLayer], spanSize: Int, damage: FuzzDamage) throws {
        self.layers = layers
        self.damage = damage
        files = try FuzzImage()
        // Few spans, because windows are slow to pack.
        let largest = layers.map(\.content.count).max() ?? 0
        self.spanSize = Int64(max(spanSize, largest / 12 + 1))
        for layer in layers {
            files.add(
                try files.layout.writeBlob(layer.blob), size: Int64(layer.blob.count), isGzip: layer.isGzip,
                diffID: Digest.of(layer.content))
        }
        let image = try files.image()
        // The manifest of the image first, for the indexer reads what is right.
        let outcomes = try Self.build(image, in: files.layout, files.layout, spanSize: self.spanSize)
        let ztocs = outcomes.compactMap(\.ztoc)
        check(ztocs.count == layers.count, "a layer is not indexed")
        try spoil(image, ztocs)
    }

    var source: LayoutSource { LayoutSource(layout: files.layout, tag: "v1") }

    /// Builds the index of an image into a layout, as `hermes mount` does where there is none.
    func build(_ image: Image, in layout: ImageLayout) throws {
        _ = try Self.build(image, in: layout, files.layout, spanSize: spanSize)
    }

    private static func build(
        _ image: Image, in layout: ImageLayout, _ blobs: ImageLayout, spanSize: Int64
    ) throws -> [IndexBuilder.Outcome] {
        try IndexBuilder(
            image: image, source: LayoutSource(layout: blobs, tag: "v1"), storage: try LayoutIndexStorage(layout),
            spanSize: spanSize
        ).build(jobs: 1, observer: .init(advanced: { _, _ in }, finished: { _, _ in })).outcomes
    }

    private func spoil(_ image: Image, _ ztocs: [SOCIIndex.Layer]) throws {
        let layout = files.layout
        let number = damage.layer % layers.count
        func addIndex(_ ztocs: [SOCIIndex.Layer], of subject: Descriptor, change: ([UInt8]) -> [UInt8] = { $0 }) throws
        {
            let index = SOCIIndex(subject: subject, layers: ztocs)
            try layout.addManifest(
                change(index.encoded()), mediaType: SOCIIndex.mediaType, artifactType: SOCIIndex.artifactType)
        }
        func unlistIndex() throws {
            try layout.unlist([Digest.of(SOCIIndex(subject: image.descriptor, layers: ztocs).encoded())])
        }
        switch damage.place {
        case .none: break
        case .layersLeftOut:
            let kept = ztocs.indices.filter { !damage.leavesOut($0) }.map { ztocs[$0] }
            try addIndex(kept, of: image.descriptor)
        case .noIndex: try unlistIndex()
        case .ztoc:
            let bytes = damage.apply(to: try LocalFile.read(layout.blobPath(ztocs[number].digest), limit: 1 << 24))
            var changed = ztocs
            changed[number].digest = try layout.writeBlob(bytes)
            changed[number].size = Int64(bytes.count)
            try addIndex(changed, of: image.descriptor)
        case .ztocBytes: try overwrite(ztocs[number].digest)
        case .index: try addIndex(ztocs, of: image.descriptor) { damage.apply(to: $0) }
        case .indexLayers:
            var places = ztocs.map(\.layerDigest)
            damage.rearrange(&places)
            let changed = zip(ztocs, places).map { ztoc, place in
                var ztoc = ztoc
                ztoc.layerDigest = place
                return ztoc
            }
            try addIndex(changed, of: image.descriptor)
        case .manifest:
            let bytes = damage.apply(to: try JSON.encode(image.manifest))
            try addIndex(ztocs, of: try layout.addManifest(bytes, tag: "v1"))
        case .manifestLayers:
            var manifest = image.manifest
            var config = image.config
            damage.rearrange(&manifest.layers)
            if damage.layer % 2 == 0 { damage.rearrange(&config.rootfs.diffIDs) }
            let bytes = try JSON.encode(config)
            manifest.config.digest = try layout.writeBlob(bytes)
            manifest.config.size = Int64(bytes.count)
            try addIndex(ztocs, of: try layout.addManifest(try JSON.encode(manifest), tag: "v1"))
        case .blob: try overwrite(image.layers[number].descriptor.digest)
        }
    }

    private func overwrite(_ digest: Digest) throws {
        let path = files.layout.blobPath(digest)
        let bytes = damage.apply(to: try LocalFile.read(path, limit: 1 << 24))
        try AtomicFile.write(bytes, to: path, temporaryIn: files.layout.path)
    }

    /// What an image shows whose layers are some of ours; nil where a layer is not. `isRight` says which layer of ours a layer is.
    func model(of image: Image, _ isRight: (FuzzLayer, Image.Layer) -> Bool) -> ModelImage? {
        let found = image.layers.compactMap { layer in layers.first { isRight($0, layer) }?.entries }
        return found.count == image.layers.count ? ModelImage(found) : nil
    }
}

import Glibc
import HermesSupport
import Logging

extension ImageCache {
    /// Opens the lowest `count` layers of a compiled image as an image of their own: what another image has that was pulled on
    /// top of them. Their tree is compiled, once, from the zTOCs that the cache has. Throws as `open` does.
    package func openLowest(
        _ count: Int, of image: Image, source: any ImageSource, threads: FetchThreads, log: Logger
    ) throws -> LazyImage {
        let lowest = try image.lowest(count)
        let record = try record(image)
        let ztocs = Array(record.ztocs.prefix(count))
        let folders = zip(lowest.layers, ztocs).map { layerFolder($0.descriptor.digest, $1) }
        let folder = imageFolder(image)
        // The index is part of the name, as another one gives another tree.
        let name = "tree.\(count).\(record.index.hex)"
        if (try? ImageTree("\(folder)/\(name)"))?.isIntact != true {
            let files = try zip(ztocs, folders).map { try openZTOC($0, in: $1) }
            // The views are valid as long as the files are mapped.
            try withExtendedLifetime(files) {
                try ImageTree.compile(try files.map { try ZTOCView($0.readOnly) }, in: folder, as: name)
            }
            // What was compiled from zeros in place of a zTOC must not stay.
            if files.contains(where: \.isBroken) { unlink("\(folder)/\(name)") }
            for file in files { try file.checkRead() }
        }
        let layers = try zip(lowest.layers, folders).map { try openLayers.open($0, folder: $1) }
        let tree = try ImageTree("\(folder)/\(name)")
        touch(image.descriptor.digest, layers: folders)
        let scheduler = SpanScheduler(
            source: source, image: image.descriptor.digest, layers: layers, threads: threads, log: log)
        do {
            return try LazyImage(
                image: lowest, tree: tree, layers: layers, scheduler: scheduler, index: record.index, ztocs: ztocs)
        } catch {
            scheduler.stop()
            throw error
        }
    }
}

extension Image {
    /// The image of its lowest `count` layers, under its own name. Throws `usage` where it has not so many.
    func lowest(_ count: Int) throws -> Image {
        guard (1...layers.count).contains(count) else {
            throw HermesError(.usage, "\(reference) has \(layers.count) layers, and not \(count)")
        }
        var manifest = manifest
        var config = config
        manifest.layers = Array(manifest.layers.prefix(count))
        config.rootfs.diffIDs = Array(config.rootfs.diffIDs.prefix(count))
        return try Image(reference: reference, descriptor: descriptor, manifest: manifest, config: config)
    }
}

import HermesCore
import HermesSupport

/// The artifact store as the place of the index of one image. Layers that other images have as well are built once.
struct ArtifactStorage: IndexStorage {
    let store: ArtifactStore
    let turns: LayerTurns
    let key: Artifact.Key
    /// The reference by which the image was found.
    let source: String

    /// See `IndexStorage`.
    func ztoc(
        of layer: Descriptor, spanSize: Int64, check: () throws -> Void,
        make: (_ sink: ZTOCWriter.Sink) throws -> LayerIndexer.Summary
    ) throws -> (ztoc: SOCIIndex.Layer, summary: LayerIndexer.Summary?) {
        try turns.take(layer.digest, check: check) {
            guard var ztoc = try store.ztoc(of: layer.digest, spanSize: spanSize) else { return nil }
            // The same blob can have another media type in another image.
            ztoc.layerMediaType = layer.mediaType
            return (ztoc, nil)
        } make: {
            let writer = try store.blobWriter()
            let summary = try make { try writer.write($0) }
            let (digest, size) = try writer.finish()
            let ztoc = SOCIIndex.Layer(
                digest: digest, size: size, layer: layer, spanSize: spanSize, disableXattrs: summary.hasNoXattrs)
            try store.keep(ztoc)
            return (ztoc, summary)
        }
    }

    /// See `IndexStorage`; the artifact is ready then.
    func add(_ index: SOCIIndex, of image: Image) throws -> Descriptor {
        let size = image.manifest.layers.reduce(Int64(0)) { sum, layer in
            let (next, isOver) = sum.addingReportingOverflow(layer.size)
            return isOver ? .max : next
        }
        let artifact = try store.finish(
            key, source: source, config: image.manifest.config.digest, imageSize: size, index: index.encoded(),
            layers: index.ztocs())
        guard let descriptor = artifact.index else {
            throw HermesError(.system, "the store did not keep the index of \(key.image)")
        }
        return descriptor
    }
}

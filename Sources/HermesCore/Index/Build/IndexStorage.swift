import HermesSupport

/// Where the index of an image and its zTOCs are put, and where the zTOCs of its layers may be already. Can be used from any
/// thread.
package protocol IndexStorage: Sendable {
    /// The stored zTOC of a layer, or else the one that `make` writes to the sink that it is given. Blocks.
    ///
    /// `check` throws when the build has ended meanwhile; a storage that waits for others asks it now and then. The summary is nil
    /// when nothing was made. Throws the errors of `make`, of `check` and of the storage; nothing is stored then.
    func ztoc(
        of layer: Descriptor, spanSize: Int64, check: () throws -> Void,
        make: (_ sink: ZTOCWriter.Sink) throws -> LayerIndexer.Summary
    ) throws -> (ztoc: SOCIIndex.Layer, summary: LayerIndexer.Summary?)

    /// Records an index all of whose zTOCs are stored, and returns its descriptor.
    func add(_ index: SOCIIndex, of image: Image) throws -> Descriptor
}

import Glibc
import HermesSupport

/// An image as a file system: its tree, its layers, and who brings what is absent.
///
/// Safe for use from any thread. The FUSE operations are in `ImageFilesystem+*.swift`; a read whose spans are present
/// runs on the kernel's thread from request to reply over raw pointers, without lock, allocation or reference count.
package final class ImageFilesystem: @unchecked Sendable {
    /// The merged tree.
    package let tree: ImageTree
    /// The layers that hold the files' data, from the bottom.
    package let layers: [LazyLayer]
    /// Who brings absent spans.
    package let scheduler: SpanScheduler
    /// What is mounted.
    let image: Image
    /// The zTOCs of its layers.
    let ztocs: [Digest]
    /// The hidden folder at the root.
    let state = StateFolder()
    /// The kernel's reads.
    let reads = ReadCounters()
    /// The layers as the read path sees them: valid as long as this object is.
    let fast: UnsafeMutablePointer<FastLayer>

    /// Puts an image together. Throws `corrupt` for a tree that is not of these layers.
    init(
        image: Image, tree: ImageTree, layers: [LazyLayer], scheduler: SpanScheduler, ztocs: [Digest]
    ) throws {
        guard tree.layerCount == layers.count else {
            throw HermesError(
                .corrupt, "the compiled tree has \(tree.layerCount) layers, not \(layers.count)")
        }
        try tree.checkData(against: layers.map(\.spans.uncompressedSize))
        self.image = image
        self.ztocs = ztocs
        self.tree = tree
        self.layers = layers
        self.scheduler = scheduler
        fast = .allocate(capacity: layers.count)
        for (index, layer) in layers.enumerated() { (fast + index).initialize(to: FastLayer(layer)) }
    }

    deinit {
        fast.deallocate()
        reads.deallocate()
    }

    /// Reads a range of a file's bytes, however long it takes; the completion is called once, maybe before this returns.
    ///
    /// The bytes are valid during the completion. A range beyond the file's end is cut. Errors: `notFound` for an inode
    /// that is no regular file, else what kept the bytes away. Returns where the bytes come from.
    @discardableResult
    func read(
        inode number: UInt64, offset: Int64, count: Int,
        completion: @escaping @Sendable (Result<UnsafeRawBufferPointer, HermesError>) -> Void
    ) -> ReadSource {
        guard let inode = tree.inode(number), inode.pointee.mode & S_IFMT == S_IFREG, offset >= 0, count >= 0
        else {
            completion(.failure(HermesError(.notFound, "inode \(number) is no regular file")))
            return .hole
        }
        let record = inode.pointee
        let length = min(Int64(count), record.size - min(offset, record.size))
        guard length > 0 else {
            completion(.success(UnsafeRawBufferPointer(start: nil, count: 0)))
            return .hole
        }
        guard !record.isSparse else { return readSparse(record, offset: offset, count: length, completion) }
        let start = record.data + offset
        return readLayer(Int(record.layer), start..<start + length, completion)
    }

    /// Reads a range of an uncompressed layer: from the cache if it is all there, else through the scheduler.
    func readLayer(
        _ layer: Int, _ range: Range<Int64>, _ completion: @escaping ParkedRead.Completion
    ) -> ReadSource {
        guard fast[layer].holds(range.lowerBound, range.count, touched: nil) else {
            scheduler.read(layer: layer, range: range, completion: completion)
            return .fetch
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
        defer { buffer.deallocate() }
        do {
            guard try layers[layer].store.data.read(into: buffer, at: range.lowerBound) == range.count else {
                throw HermesError(.corrupt, "\(layers[layer].store.data.path) is too short")
            }
        } catch {
            completion(.failure(error as? HermesError ?? HermesError(.io, "cannot read the cache", cause: error)))
            return .cache
        }
        completion(.success(UnsafeRawBufferPointer(buffer)))
        return .cache
    }
}

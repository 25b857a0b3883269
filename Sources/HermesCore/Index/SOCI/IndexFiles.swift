import Glibc
import HermesSupport
import Synchronization

/// An index with its zTOCs at hand, checked: the documents are those of their digests, and each zTOC fits its layer.
package struct IndexFiles: Sendable {
    /// The index's own digest.
    package let digest: Digest
    /// The index.
    package let index: SOCIIndex
    /// The mapped zTOC of each of the image's layers, lowest first, and its reference in the index.
    package let layers: [(ztoc: SOCIIndex.Layer, file: MappedFile)]

    /// Puts the files of an index together for an image. `open` maps the file of a zTOC, whose digest it has compared; it is called
    /// from several threads, as is `leftOut`, which makes those that the index does not list.
    ///
    /// Blocks. Throws `unsupported` when a layer of the image has no zTOC and there is no `leftOut`, `corrupt` for a zTOC that is
    /// damaged or describes a blob of another size, and the errors of `open` and `leftOut`.
    package init(
        digest: Digest, index: SOCIIndex, image: Image, leftOut: LeftOutLayers?,
        open: @escaping @Sendable (SOCIIndex.Layer) throws -> MappedFile
    ) throws {
        let ztocs = Dictionary(try index.ztocs().map { ($0.layerDigest, $0) }, uniquingKeysWith: { first, _ in first })
        // A layer that comes several times is opened, and perhaps downloaded, once.
        let wanted = Dictionary(
            image.layers.map { ($0.descriptor.digest, $0) }, uniquingKeysWith: { first, _ in first })
        let missing = wanted.values.filter { ztocs[$0.descriptor.digest] == nil }
        if let first = missing.first {
            guard let leftOut else { throw Self.leavesOut(first, of: image) }
            try leftOut.begin(missing, of: image)
        }
        // What takes longest first, so that none of it is left to one thread at the end: a blob is larger than a zTOC.
        func work(_ layer: Image.Layer) -> Int64 { ztocs[layer.descriptor.digest]?.size ?? layer.descriptor.size }
        let order = wanted.values.sorted { work($0) > work($1) }
        let opened = Mutex<[Digest: (ztoc: SOCIIndex.Layer, file: MappedFile)]>([:])
        try SystemThread.each("hermes-ztoc", Array(order.indices)) { number in
            let blob = order[number].descriptor
            let layer =
                if let ztoc = ztocs[blob.digest] {
                    (ztoc, try Self.open(ztoc, of: blob, with: open))
                } else {
                    try leftOut?.make(order[number])
                }
            opened.withLock { $0[blob.digest] = layer }
        }
        let files = opened.withLock { $0 }
        layers = image.layers.compactMap { files[$0.descriptor.digest] }
        self.digest = digest
        self.index = index
    }

    static func leavesOut(_ layer: Image.Layer, of image: Image) -> HermesError {
        HermesError(
            .unsupported, "the index of \(image.reference) leaves out layer \(layer.descriptor.digest)",
            advice: layer.compression == .zstd
                ? "zstd layers cannot be indexed yet" : "build it again with hermes index build")
    }

    /// Opens the zTOC of a blob. Throws `corrupt` when its size is out of proportion, or it does not describe the blob.
    private static func open(
        _ ztoc: SOCIIndex.Layer, of blob: Descriptor, with open: (SOCIIndex.Layer) throws -> MappedFile
    ) throws -> MappedFile {
        guard ztoc.size <= ZTOC.sizeLimit(ofBlob: blob.size) else {
            throw HermesError(
                .corrupt, "the zTOC of layer \(blob.digest) has \(ztoc.size) bytes, too many for a blob of \(blob.size)"
            )
        }
        let file = try open(ztoc)
        do {
            let view = try ZTOCView(file.readOnly)
            try view.validate()
            guard view.compressedSize == blob.size else {
                throw HermesError(.corrupt, "it describes a blob of \(view.compressedSize) bytes, not \(blob.size)")
            }
        } catch let error as HermesError {
            throw HermesError(error.code, "cannot use the zTOC of layer \(blob.digest)", cause: error)
        }
        return file
    }

    /// The zTOCs, lowest layer first; valid as long as this value is.
    package func views() throws -> [ZTOCView] { try layers.map { try ZTOCView($0.file.readOnly) } }

    /// The index of `image` in a layout. See `ImageLayout.sociIndex(of:image:)` and the initializer for the errors.
    package static func find(
        _ image: Image, in layout: ImageLayout, leftOut: LeftOutLayers? = nil
    ) throws -> IndexFiles {
        let (descriptor, index) = try layout.sociIndex(of: image.descriptor.digest, image: image.reference)
        return try IndexFiles(digest: descriptor.digest, index: index, image: image, leftOut: leftOut) { ztoc in
            let file = try MappedFile(try OpenFile(layout.blobPath(ztoc.digest), O_RDONLY))
            guard Int64(file.bytes.count) == ztoc.size, Digest.of(file.readOnly) == ztoc.digest else {
                throw wrongBytes(ztoc)
            }
            return file
        }
    }

    private static func wrongBytes(_ ztoc: SOCIIndex.Layer, _ cause: HermesError? = nil) -> HermesError {
        HermesError(
            .corrupt, "the zTOC of layer \(ztoc.layerDigest) does not have the digest \(ztoc.digest)", cause: cause)
    }

    /// The last index that refers to `image` in the image's own source and is not among the `refused` ones, with its digest; nil
    /// when there is none. Throws `corrupt` for the index of another image.
    package static func referrer(
        of image: Image, at source: any ImageSource, except refused: [Digest] = []
    ) async throws -> (digest: Digest, index: SOCIIndex)? {
        let found = try await source.referrers(of: image.descriptor.digest, artifactType: SOCIIndex.artifactType)
        guard let descriptor = found.last(where: { !refused.contains($0.digest) }) else { return nil }
        let document = try await source.readManifest(descriptor)
        return (descriptor.digest, try decode(document, descriptor.digest, of: image))
    }

    /// That index with its files. zTOCs are stored in `folder` while they are read, until `deadline` if there is one, and unlinked.
    /// The reading thread, which waits for the registry, is not a cooperative one.
    package static func findReferrer(
        _ image: Image, at source: any ImageSource, in folder: String, except refused: [Digest] = [],
        until deadline: Monotonic? = nil, leftOut: LeftOutLayers? = nil
    ) async throws -> IndexFiles? {
        guard let (digest, index) = try await referrer(of: image, at: source, except: refused) else { return nil }
        return try await open(index, digest, image, source, in: folder, until: deadline, leftOut)
    }

    /// The index of `image` that has the digest `pinned`, from a source that need not list it. zTOCs are stored in `folder` as
    /// above.
    ///
    /// Throws `notFound` where the source does not have it, `corrupt` for other bytes than the digest's and for the index of
    /// another image, `unsupported` for what is no index.
    package static func find(
        _ pinned: Digest, of image: Image, at source: any ImageSource, in folder: String, leftOut: LeftOutLayers
    ) async throws -> IndexFiles {
        do {
            let index = try decode(try await source.manifest(pinned), pinned, of: image)
            return try await open(index, pinned, image, source, in: folder, until: nil, leftOut)
        } catch let error as HermesError {
            throw HermesError(
                error.code, "cannot take the index \(pinned) of \(image.reference) from \(source.name)", cause: error)
        }
    }

    private static func decode(_ document: [UInt8], _ digest: Digest, of image: Image) throws -> SOCIIndex {
        let index = try SOCIIndex(decoding: document)
        guard index.subject.digest == image.descriptor.digest else {
            throw HermesError(
                .corrupt,
                "the index \(digest) of \(image.reference) is that of another image, \(index.subject.digest)")
        }
        return index
    }

    private static func open(
        _ index: SOCIIndex, _ digest: Digest, _ image: Image, _ source: any ImageSource, in folder: String,
        until deadline: Monotonic?, _ leftOut: LeftOutLayers?
    ) async throws -> IndexFiles {
        try await SystemThread.run("hermes-ztoc") {
            try IndexFiles(digest: digest, index: index, image: image, leftOut: leftOut) { ztoc in
                try download(ztoc, from: source, in: folder, until: deadline)
            }
        }
    }

    /// The zTOC of a blob from a source, by way of a file in `folder` that is unlinked. Throws as `open` does, and what the source
    /// throws.
    package static func open(
        _ ztoc: SOCIIndex.Layer, of blob: Descriptor, at source: any ImageSource, in folder: String
    ) throws -> MappedFile {
        try open(ztoc, of: blob) { try download($0, from: source, in: folder, until: nil) }
    }

    private static func download(
        _ ztoc: SOCIIndex.Layer, from source: any ImageSource, in folder: String, until deadline: Monotonic?
    ) throws -> MappedFile {
        let file: MappedFile?
        do {
            file = try download(try open(ztoc, at: source, until: deadline), ztoc.descriptor, in: folder)
        } catch let error as HermesError where error.code == .corrupt {
            throw wrongBytes(ztoc, error)
        }
        guard let file else { throw wrongBytes(ztoc) }
        return file
    }

    /// The bytes of a zTOC, by way of its compressed form where the index has one that is smaller.
    private static func open(
        _ ztoc: SOCIIndex.Layer, at source: any ImageSource, until deadline: Monotonic?
    ) throws -> any ByteSource {
        guard let frame = ztoc.compressed, frame.size < ztoc.size else {
            return try source.openBlob(ztoc.descriptor, until: deadline)
        }
        return try ZstandardByteSource(
            try source.openBlob(frame.descriptor(of: ztoc), until: deadline), limit: frame.size)
    }

    /// Reads the bytes of a blob into a file in `folder` that has no name any more, and maps it; nil for bytes of another size or
    /// digest. A stream is read no further than a piece of 256 KiB beyond its size. Throws what the stream throws, and the file errors
    /// of `folder`.
    package static func download(
        _ stream: any ByteSource, _ blob: Descriptor, in folder: String
    ) throws -> MappedFile? {
        let file = try OpenFile.unnamed("zTOC", in: folder)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        var offset: Int64 = 0
        while offset <= blob.size {
            let count = try stream.read(into: buffer)
            guard count > 0 else { break }
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hash.update(piece)
            try file.write(piece, at: offset)
            offset += Int64(count)
        }
        guard offset == blob.size, hash.finish() == blob.digest else { return nil }
        return try MappedFile(file)
    }
}

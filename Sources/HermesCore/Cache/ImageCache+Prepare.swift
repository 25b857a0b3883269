import HermesSupport
import Logging

extension ImageCache {
    /// Opens an image whose index is found, and compiled where the cache lacks it.
    ///
    /// The index is the one in the OCI layout `index` if that is given. Otherwise it is, in this order, the one that
    /// the cache was compiled from, the last referrer of the image that was not refused, or the one that `build` makes in the
    /// layout that is handed to it. With `pinned` it is the index with that digest, from the layout or the image's source, or
    /// none. A layer that another process removes from the cache in between is compiled again, once.
    /// `threads` work for the image until it is closed. Blocks for as long as this takes; throws the error of the step that
    /// fails.
    package func prepare(
        _ image: Image, from source: any ImageSource, index: String?, pinned: Digest?, threads: FetchThreads,
        log: Logger, build: (ImageLayout) throws -> Void
    ) throws -> LazyImage {
        func attempt() throws -> LazyImage {
            try compile(image, from: source, index: index, pinned: pinned, log: log, build: build)
            let lazy = try open(image, source: source, threads: threads, log: log)
            // Another process may have compiled the image anew since.
            guard pinned == nil || lazy.index == pinned else {
                lazy.close()
                throw HermesError(.notFound, "\(image.reference) has another index by now, \(lazy.index)")
            }
            return lazy
        }
        do {
            return try attempt()
        } catch let error as HermesError where error.code == .notFound {
            return try attempt()
        }
    }

    /// Opens an image; where it is not compiled, with the index that `find` gives, within `compile`, which runs its argument.
    /// `find` gets the digests of indexes that it must not give. Blocks for as long as these take; throws their errors.
    package func prepare(
        _ image: Image, from source: any ImageSource, threads: FetchThreads, log: Logger,
        find: ([Digest]) throws -> IndexFiles, compile: (() throws -> Void) throws -> Void
    ) throws -> LazyImage {
        if isCompiled(image), let lazy = try? open(image, source: source, threads: threads, log: log) { return lazy }
        let files = try find(refusedIndexes(of: image.descriptor.digest))
        try compile { try self.compile(image, files) }
        return try open(image, source: source, threads: threads, log: log)
    }

    private func compile(
        _ image: Image, from source: any ImageSource, index: String?, pinned: Digest?, log: Logger,
        build: (ImageLayout) throws -> Void
    ) throws {
        let leftOut = LeftOutLayers(source, in: path, log: log)
        if let pinned {
            guard !isCompiled(image, index: pinned) else { return }
            let place: any ImageSource =
                try index.map { LayoutSource(layout: try ImageLayout($0), tag: nil) } ?? source
            let files = try waiting {
                try await IndexFiles.find(pinned, of: image, at: place, in: path, leftOut: leftOut)
            }
            return try compile(image, files)
        }
        if let index {
            let layout = try ImageLayout(index)
            let digest = try layout.sociIndex(of: image.descriptor.digest, image: image.reference).descriptor.digest
            guard !isCompiled(image, index: digest) else { return }
            return try compile(image, try IndexFiles.find(image, in: layout, leftOut: leftOut))
        }
        guard !isCompiled(image) else { return }
        let refused = refusedIndexes(of: image.descriptor.digest)
        if let files = try waiting({
            try await IndexFiles.findReferrer(image, at: source, in: path, except: refused, leftOut: leftOut)
        }) {
            return try compile(image, files)
        }
        try withBuiltIndexes(log: log) { layout in
            try build(layout)
            try compile(image, try IndexFiles.find(image, in: layout))
        }
    }
}

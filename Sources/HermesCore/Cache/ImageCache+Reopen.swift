import HermesSupport
import Logging

extension ImageCache {
    /// Opens an image that was open before, with the very index that it had then, from the cache alone: a kernel that has the
    /// inode numbers of one tree must not be given another. `tree` is that tree's checksum; nil where it is not known. `lowest` says
    /// how many of its layers it was, from the bottom; nil for all. `threads` work for it until it is closed. Throws `notFound` where
    /// the cache has lost a part of the image or of its index, or the index was refused, or another tree was compiled from it since;
    /// `usage` where the image does not have so many layers.
    package func reopen(
        _ manifest: Digest, index: Digest, tree: UInt64?, lowest: Int? = nil, source: any ImageSource,
        threads: FetchThreads, log: Logger
    ) throws -> LazyImage {
        let advice = "unmount it, and mount the image anew"
        let image: Image
        do {
            image = try known(manifest, name: source.name)
        } catch {
            throw HermesError(.notFound, "cannot go on with \(source.name)", cause: error, advice: advice)
        }
        guard isCompiled(image, index: index) else {
            throw HermesError(
                .notFound,
                "the cache does not have the index \(index) any more, with which \(image.reference) was mounted",
                advice: advice)
        }
        // All the layers of an image are the image itself, whose tree has a name of its own.
        let lazy =
            if let lowest, lowest != image.layers.count {
                try openLowest(lowest, of: image, source: source, threads: threads, log: log)
            } else {
                try open(image, source: source, threads: threads, log: log)
            }
        // Another process may have compiled the image anew since.
        guard lazy.index == index else {
            lazy.close()
            throw HermesError(.notFound, "\(image.reference) has another index by now", advice: advice)
        }
        // As may have another version of Hermes, which gave the files other numbers.
        guard tree == nil || lazy.tree.checksum == tree else {
            lazy.close()
            throw HermesError(
                .notFound, "the files of \(image.reference) have other inode numbers by now", advice: advice)
        }
        return lazy
    }
}

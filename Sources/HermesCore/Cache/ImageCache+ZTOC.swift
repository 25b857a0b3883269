import Glibc
import HermesSupport

/// The zTOC of a layer, which stays beside the files that were compiled from it: `ztoc` in the layer's folder, one zstd frame.
extension ImageCache {
    /// Whether a layer's folder has a whole zTOC. Reads the headers of its blocks; `openZTOC` compares its digest.
    static func hasZTOC(_ folder: String) -> Bool {
        guard let file = try? MappedFile(try OpenFile(ztocPath(folder), O_RDONLY)) else { return false }
        return withExtendedLifetime(file) { Zstandard.isOneFrame(file.readOnly) }
    }

    /// Puts a zTOC into a layer's folder, whole or not at all. Throws the file error.
    static func keepZTOC(_ ztoc: UnsafeRawBufferPointer, in folder: String) throws {
        let file = try AtomicFile(in: folder)
        try Zstandard.compress(ztoc, to: file.write)
        try file.commit(to: ztocPath(folder))
    }

    /// Opens the zTOC with the digest `ztoc` that a layer's folder has. Its bytes are decompressed into a file without a name
    /// and live as long as the result, of which `checkRead` is to be called after it was used.
    ///
    /// Throws `corrupt` for a zTOC with another digest, which is removed, so that the next mount makes it anew, and the file
    /// error, also where the cache's disk has no room for it.
    func openZTOC(_ ztoc: Digest, in folder: String) throws -> MappedFile {
        let stored = try MappedFile(try OpenFile(Self.ztocPath(folder), O_RDONLY), isMended: true)
        do {
            let file = try OpenFile.unnamed("zTOC", in: path)
            var size: Int64 = 0
            try Zstandard.decompress(stored.readOnly) { bytes in
                // References in a FlatBuffer have 31 bits, so no zTOC is larger.
                guard Int64(bytes.count) <= Int64(Int32.max) - size else {
                    throw HermesError(.corrupt, "\(stored.path) holds more than 2 GiB")
                }
                try file.write(bytes, at: size)
                size += Int64(bytes.count)
            }
            try stored.checkRead()
            let mapped = try MappedFile(file, isMended: true)
            guard Digest.of(mapped.readOnly) == ztoc else {
                throw HermesError(.corrupt, "\(stored.path) does not have the digest \(ztoc)")
            }
            return mapped
        } catch let error as HermesError where error.code == .corrupt {
            unlink(stored.path)
            throw error
        }
    }

    private static func ztocPath(_ folder: String) -> String { folder + "/ztoc" }
}

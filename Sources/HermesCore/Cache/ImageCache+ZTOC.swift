import CZstd
import Glibc
import HermesSupport

/// The zTOC of a layer, which stays beside the files that were compiled from it: `ztoc` in the layer's folder, one zstd frame. The
/// windows that `spans` has are zeros in it, as they are most of a zTOC.
extension ImageCache {
    /// Whether a layer's folder has a whole zTOC. Reads the headers of its blocks; `openZTOC` compares its digest.
    static func hasZTOC(_ folder: String) -> Bool {
        guard let file = try? MappedFile(try OpenFile(ztocPath(folder), O_RDONLY)) else { return false }
        return withExtendedLifetime(file) { Zstandard.isOneFrame(file.readOnly) }
    }

    /// Puts the zTOC of which `spans` was compiled into a layer's folder, whole or not at all. Throws the file error.
    static func keepZTOC(_ ztoc: UnsafeRawBufferPointer, in folder: String) throws {
        let spans = try SpanMap(folder + "/spans")
        let file = try AtomicFile(in: folder)
        let frame = try Zstandard.Compressor()
        let zeros = [UInt8](repeating: 0, count: Checkpoint.windowSize)
        var position = 0
        for index in 0..<spans.count {
            guard let offset = spans.ztocOffset(ofWindow: index), offset >= position,
                offset <= ztoc.count - zeros.count
            else { continue }
            try frame.add(UnsafeRawBufferPointer(rebasing: ztoc[position..<Int(offset)]), to: file.write)
            try zeros.withUnsafeBytes { try frame.add($0, to: file.write) }
            position = Int(offset) + zeros.count
        }
        try frame.add(UnsafeRawBufferPointer(rebasing: ztoc[position...]), to: file.write)
        try frame.finish(to: file.write)
        try file.commit(to: ztocPath(folder))
    }

    /// Opens the zTOC with the digest `ztoc` that a layer's folder has. Its bytes are put together in a file without a name
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
            try Self.addWindows(of: try SpanMap(folder + "/spans"), to: file, size: size)
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

    /// Puts the windows of a layer's spans into its zTOC, which has `size` bytes.
    private static func addWindows(of spans: SpanMap, to ztoc: OpenFile, size: Int64) throws {
        let zstd = try Zstandard.decompressionContext()
        defer { ZSTD_freeDCtx(zstd) }
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: Checkpoint.windowSize, alignment: 64)
        defer { window.deallocate() }
        for index in 0..<spans.count {
            guard let offset = spans.ztocOffset(ofWindow: index) else { continue }
            let isWindow = try spans.packedWindow(index).withUnsafeBytes {
                PackedWindows.unpack($0, into: window, zstd)
            }
            guard isWindow, offset >= 0, offset <= size - Int64(window.count) else {
                throw HermesError(.corrupt, "the window of span \(index) is damaged, or its place in the zTOC")
            }
            try ztoc.write(UnsafeRawBufferPointer(window), at: offset)
        }
    }

    private static func ztocPath(_ folder: String) -> String { folder + "/ztoc" }
}

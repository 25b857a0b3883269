import Glibc
import HermesCore
import HermesSupport

/// The files of an artifact store. `ArtifactStore` says what lies where, and when a file may be removed.
struct BlobFolder: Sendable {
    let blobs: String
    let temporary: String

    /// Opens the folder, and makes what is missing.
    init(_ path: String) throws {
        blobs = "\(path)/blobs/sha256"
        temporary = "\(path)/tmp"
        try LocalFolder.make(blobs)
        try LocalFolder.make(temporary)
    }

    func path(of digest: Digest) -> String { "\(blobs)/\(digest.hex)" }

    func compressedPath(of digest: Digest) -> String { "\(path(of: digest)).zst" }

    /// The size of a blob in bytes; nil where it is not there.
    func size(of digest: Digest) -> Int64? { Self.size(path(of: digest)) }

    /// What a blob takes in all its forms, in bytes.
    func footprint(of digest: Digest) -> Int64 {
        (size(of: digest) ?? 0) + (Self.size(compressedPath(of: digest)) ?? 0)
    }

    private static func size(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// The blobs of which there is a file, in no order. Files with other names are left alone.
    func digests() throws -> Set<Digest> {
        let names: [String]
        do { names = try FolderListing.names(in: blobs) } catch { throw HermesError.file("list", blobs, error) }
        return Set(
            names.compactMap { name in
                Digest.parse("sha256:\(name.hasSuffix(".zst") ? String(name.dropLast(4)) : name)".utf8)
            })
    }

    /// Removes a blob in all its forms. The blob goes last, so that a kill leaves a name that `digests` gives again.
    func remove(_ digest: Digest) throws {
        try Self.remove(compressedPath(of: digest))
        try Self.remove(path(of: digest))
    }

    private static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw HermesError.file("remove", path, .last) }
    }

    /// Removes what earlier processes were writing.
    func removeTemporaryFiles() throws {
        let names: [String]
        do { names = try FolderListing.names(in: temporary) } catch {
            throw HermesError.file("list", temporary, error)
        }
        for name in names { try Self.remove("\(temporary)/\(name)") }
    }
}

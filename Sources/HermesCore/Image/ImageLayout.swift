import Glibc
import HermesSupport

/// A folder in OCI image layout (OCI image spec, image-layout.md): blobs by digest, and an index of its contents.
///
/// Can be used from any thread and by several processes: files appear whole, and changes of index.json are made under a
/// lock. The writing part is in `ImageLayout+Write`.
package struct ImageLayout: Sendable {
    /// The folder.
    package let path: String

    private struct Marker: Codable {
        var imageLayoutVersion: String
    }

    /// Opens a layout. Throws `notFound` when the folder is not a layout.
    package init(_ path: String) throws {
        self.path = path
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read("\(path)/oci-layout", limit: 4096)
        } catch let error as HermesError where error.code == .notFound {
            throw HermesError(.notFound, "\(path) is not an OCI image layout: it has no file oci-layout")
        }
        let marker = try JSON.decode(Marker.self, from: bytes, name: "\(path)/oci-layout")
        guard marker.imageLayoutVersion.hasPrefix("1.") else {
            throw HermesError(
                .unsupported,
                "\(path) has the OCI image layout version \(marker.imageLayoutVersion.printable(20)), not 1.0.0"
            )
        }
    }

    /// Opens a layout, or makes one in a folder that is empty or does not exist.
    package static func openOrCreate(_ path: String) throws -> ImageLayout {
        guard access("\(path)/oci-layout", F_OK) != 0 else { return try ImageLayout(path) }
        for folder in [path, "\(path)/blobs", "\(path)/blobs/sha256"]
        where mkdir(folder, 0o755) != 0 && errno != EEXIST {
            throw HermesError.file("make the folder", folder, .last)
        }
        try DirectoryLock(path).withLock {
            if access("\(path)/index.json", F_OK) != 0 {
                try AtomicFile.write(
                    JSON.encode(ImageIndex(manifests: [])), to: "\(path)/index.json", temporaryIn: path)
            }
            // The marker comes last: a folder with the marker is a layout.
            if access("\(path)/oci-layout", F_OK) != 0 {
                let marker = try JSON.encode(Marker(imageLayoutVersion: "1.0.0"))
                try AtomicFile.write(marker, to: "\(path)/oci-layout", temporaryIn: path)
            }
        }
        return try ImageLayout(path)
    }

    /// The list of the manifests that the layout holds.
    package func imageIndex() throws -> ImageIndex {
        let name = "\(path)/index.json"
        let bytes = try LocalFile.read(name, limit: ManifestDocument.sizeLimit)
        guard case .index(let index) = try ManifestDocument.parse(bytes, name: name) else {
            throw HermesError(.corrupt, "\(name) is not an index")
        }
        return index
    }

    /// Where a blob is, or would be.
    package func blobPath(_ digest: Digest) -> String { "\(path)/blobs/sha256/\(digest.hex)" }

    /// Reads a blob and checks its size and digest. Throws `notFound`, `io`, and `corrupt` also when the size is above
    /// `limit` bytes.
    package func readBlob(_ descriptor: Descriptor, limit: Int) throws -> [UInt8] {
        guard descriptor.size >= 0, descriptor.size <= Int64(limit) else {
            throw HermesError(
                .corrupt,
                "blob \(descriptor.digest) of \(descriptor.size) bytes is larger than the limit of \(limit)")
        }
        let bytes = try LocalFile.read(blobPath(descriptor.digest), limit: limit)
        guard Int64(bytes.count) == descriptor.size, Digest.of(bytes) == descriptor.digest else {
            throw HermesError(
                .corrupt, "the bytes of \(blobPath(descriptor.digest)) do not have the digest in its name")
        }
        return bytes
    }

    /// Opens a blob for reading. Throws `notFound`, `io`, and `corrupt` when its size is not the descriptor's.
    package func openBlob(_ descriptor: Descriptor) throws -> any ByteSource {
        let source = try FileByteSource(blobPath(descriptor.digest))
        guard source.size == descriptor.size else {
            throw HermesError(
                .corrupt,
                "\(blobPath(descriptor.digest)) has \(source.size) bytes, but its descriptor says \(descriptor.size)"
            )
        }
        return source
    }
}

import Glibc
import HermesSupport

extension ImageCache {
    /// The layers and images that the cache holds, with their sizes.
    struct Usage {
        var layers: [CacheEntry] = []
        var images: [CacheEntry] = []
        /// The bytes of the indexes that were built here.
        var indexes: Int64 = 0
        /// The bytes on the disk.
        var total: Int64 { (layers + images).reduce(indexes) { $0 + $1.size } }
    }

    /// Looks through the folder. Throws the error of a folder that cannot be read.
    func usage() throws -> Usage {
        Usage(
            layers: try entries(in: "layers", stamp: Self.layerStamp),
            images: try entries(in: "images", stamp: Self.imageStamp), indexes: builtIndexSize())
    }

    /// The bytes that images, layers and the indexes that were built here take on the disk. Throws the error of a folder that
    /// cannot be read.
    package func size() throws -> Int64 { try usage().total }

    /// The manifests of the images that have a folder here, in order. Throws the error of a folder that cannot be read.
    package func images() throws -> [Digest] {
        try FolderListing.names(in: "\(path)/images").sorted().compactMap { Digest.parse("sha256:\($0)".utf8) }
    }

    /// The files whose time of change is when a layer or an image was used last.
    private static let layerStamp = "spans"
    private static let imageStamp = "image"

    /// Notes that an image and its layers are in use now.
    func touch(_ image: Digest, layers: [String]) {
        for path in layers.map({ $0 + "/" + Self.layerStamp }) + ["\(path)/images/\(image.hex)/\(Self.imageStamp)"] {
            Self.touch(path)
        }
    }

    /// Sets a file's time of change to now. One that is gone, or of another user, is left alone.
    static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }

    /// When a file or folder was changed last, in milliseconds since 1970.
    private static func changed(_ status: stat) -> Int {
        status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1_000_000
    }

    private func entries(in kind: String, stamp: String) throws -> [CacheEntry] {
        let folder = "\(path)/\(kind)"
        let names: [String]
        do { names = try FolderListing.names(in: folder) } catch { throw HermesError.file("read", folder, error) }
        return names.map { name in
            var size: Int64 = 0
            var lastUsed: Int?
            // One that was made this moment has no files yet.
            var status = stat()
            var newest = lstat("\(folder)/\(name)", &status) == 0 ? Self.changed(status) : 0
            for file in (try? FolderListing.names(in: "\(folder)/\(name)")) ?? [] {
                guard lstat("\(folder)/\(name)/\(file)", &status) == 0 else { continue }
                size += Int64(status.st_blocks) * 512
                let changed = Self.changed(status)
                if file == stamp { lastUsed = changed }
                newest = max(newest, changed)
            }
            // An entry without a stamp is being made, or the process that made it was killed.
            return CacheEntry(name: name, size: size, lastUsed: lastUsed ?? newest)
        }
    }
}

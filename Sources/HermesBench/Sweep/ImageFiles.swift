import Glibc
import HermesSupport

/// The regular files of a file system that is mounted.
enum ImageFiles {
    /// More files than images have: a list of them would fill the memory.
    private static let limit = 10_000_000

    /// All regular files under `root`, a folder, in no order. Hard links are one file, by the name that sorts first. Links are not followed; paths
    /// that the kernel does not take (PATH_MAX, 4096 bytes with the zero at the end) are left out. Throws `unsupported` for more
    /// than ten million names, and the file error of a folder that cannot be read.
    static func all(in root: OpenFile) throws -> [ReadPlan.File] {
        var files: [ReadPlan.File] = []
        var linked: [Inode: ReadPlan.File] = [:]
        var folders: [[UInt8]] = [[]]
        var count = 0
        while let folder = folders.popLast() {
            try forEach(in: folder, of: root) { name, directory in
                count += 1
                guard count <= limit else {
                    throw HermesError(
                        .unsupported, "the image has more than \(limit) files, which a sweep does not take")
                }
                let path = folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name
                guard path.count < Int(PATH_MAX) else { return }
                var status = stat()
                let known = fstatat(directory, terminated(name), &status, AT_SYMLINK_NOFOLLOW)
                guard known == 0 else { throw HermesError.file("read", text(path), .last) }
                let file = ReadPlan.File(path: path, bytes: max(0, Int64(status.st_size)))
                switch status.st_mode & S_IFMT {
                case S_IFDIR: folders.append(path)
                case S_IFREG where status.st_nlink > 1:
                    let inode = Inode(device: status.st_dev, number: status.st_ino)
                    if let other = linked[inode], other.path.lexicographicallyPrecedes(path) { return }
                    linked[inode] = file
                case S_IFREG: files.append(file)
                default: return
                }
            }
        }
        return files + linked.values
    }

    private struct Inode: Hashable {
        var device: dev_t
        var number: ino_t
    }

    /// Opens a file under `root`, with open(2)'s flags; the path is empty for the root itself. Throws its file error.
    static func open(_ path: [UInt8], of root: OpenFile, _ flags: Int32) throws -> OpenFile {
        let name = terminated(path.isEmpty ? [UInt8(ascii: ".")] : path)
        let descriptor = openat(root.descriptor, name, flags | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw HermesError.file("open", text(path), .last) }
        return OpenFile(owning: descriptor, path: text(path))
    }

    /// Calls `body` with each name in a folder, "." and ".." left out, and the folder's descriptor.
    private static func forEach(
        in path: [UInt8], of root: OpenFile, _ body: ([UInt8], Int32) throws -> Void
    ) throws {
        let folder = try open(path, of: root, O_RDONLY | O_DIRECTORY)
        // The stream closes the descriptor that it is given.
        let copy = fcntl(folder.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let error = SystemError.last
            if copy >= 0 { close(copy) }
            throw HermesError.file("read", folder.path, error)
        }
        defer { closedir(stream) }
        while true {
            // Only errno tells the end from a failure (readdir(3)).
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw HermesError.file("read", folder.path, .last) }
                return
            }
            // The name is read in place: the record may be shorter than the structure says (readdir(3)).
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return }
            let start = UnsafeRawPointer(entry) + offset
            let name = Array(
                UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
            if name != Array(".".utf8), name != Array("..".utf8) { try body(name, folder.descriptor) }
        }
    }

    private static func terminated(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    private static func text(_ path: [UInt8]) -> String {
        "/\(String(decoding: path, as: UTF8.self))".printable(300) + " of the image"
    }
}

import Glibc
import HermesSupport

/// Writes files of an image into ordinary folders, reading them through its index.
///
/// For one thread. Ownership, devices and attributes outside the user's namespace need root; without it they are left
/// out, and everything else is as in the image.
package final class TreeExporter {
    /// A path as the kernel takes it: bytes of any encoding with a NUL behind them.
    typealias Path = [CChar]

    let image: LazyImage
    let isRoot = geteuid() == 0
    private let leftOut: (String) -> Void
    private let progress: (Int) throws -> Void
    /// Where an inode with several links was written first.
    private var written: [UInt64: Path] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)

    /// Prepares an export. `leftOut` is told the path of each hard link that has no target in the image and is therefore
    /// not written. `progress` is told the bytes of each piece, and an error that it throws ends the export.
    package init(
        _ image: LazyImage, leftOut: @escaping (String) -> Void, progress: @escaping (Int) throws -> Void
    ) {
        self.image = image
        self.leftOut = leftOut
        self.progress = progress
    }

    deinit { buffer.deallocate() }

    /// Writes an inode to `path`, where nothing may be; a directory with all that is below it.
    ///
    /// Throws the file error of a file that cannot be written, and the error that kept the bytes of a file away. The
    /// files that were written before stay.
    package func export(_ number: UInt64, to path: String) throws {
        try write(number, Array(path.utf8CString))
        if let damage = image.damage { throw damage }
    }

    private func write(_ number: UInt64, _ path: Path) throws {
        guard let inode = image.tree.inode(number) else { return }
        let type = inode.pointee.mode & S_IFMT
        if type != S_IFDIR, inode.pointee.linkCount > 1 {
            if let first = written[number] { return try check(link(first, path), path) }
            written[number] = path
        }
        switch type {
        case S_IFDIR:
            try check(mkdir(path, 0o700), path)
            // A path has at most 4096 bytes for the kernel, which bounds this recursion.
            for position in 0..<Int(inode.pointee.size) {
                let entry = image.tree.entries[Int(inode.pointee.data) + position]
                try write(UInt64(entry.inode), child(entry, of: path))
            }
            for position in image.tree.danglingLinks(in: number) {
                leftOut(Self.text(child(image.tree.entries[position], of: path)))
            }
        case S_IFREG: try writeContent(number, inode.pointee.size, path)
        case S_IFLNK: try check(symlink(image.tree.strings + Int(inode.pointee.data), path), path)
        default:
            guard isRoot || type == S_IFIFO else { return }
            try check(mknod(path, inode.pointee.mode, dev_t(inode.pointee.data)), path)
        }
        try setAttributes(inode, path)
    }

    private func child(_ entry: EntryRecord, of path: Path) -> Path {
        // The name lies inside the strings, a NUL behind it.
        let name = UnsafeBufferPointer(start: image.tree.strings + Int(entry.name), count: Int(entry.nameLength) + 1)
        return path.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))] + name
    }

    func check(_ result: Int32, _ path: Path) throws {
        guard result == 0 else { throw HermesError.file("create", Self.text(path), .last) }
    }

    static func text(_ path: Path) -> String {
        String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self).printable(4096)
    }

    private func writeContent(_ number: UInt64, _ size: Int64, _ path: Path) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HermesError.file("create", Self.text(path), .last) }
        let file = OpenFile(owning: descriptor, path: Self.text(path))
        do {
            var offset: Int64 = 0
            while offset < size {
                let count = try image.readBlocking(inode: number, offset: offset, into: buffer)
                guard count > 0 else {
                    throw HermesError(.corrupt, "\(file.path) ends early in the image")
                }
                try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset)
                offset += Int64(count)
                try progress(count)
            }
        } catch {
            unlink(path)
            throw error
        }
    }
}

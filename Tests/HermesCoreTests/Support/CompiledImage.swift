import Glibc
import HermesTestKit

@testable import HermesCore

/// Layers that are not compressed, and the tree that their zTOCs compile to.
final class CompiledImage {
    let layers: [[UInt8]]
    let tree: ImageTree
    let treeFile: [UInt8]
    private let folder: TestFolder

    /// `layers` are tar archives, from the bottom up.
    init(_ layers: [[UInt8]]) throws {
        self.layers = layers
        folder = try TestFolder()
        let files = try layers.map { try CompiledImage.ztoc($0) }
        try Self.compile(files, in: folder.path)
        tree = try ImageTree(folder.path + "/tree")
        try tree.checkData(against: layers.map { Int64($0.count) })
        treeFile = try TestTool.read(folder.path + "/tree")
    }

    /// Compiles the tree of zTOCs, after checking them.
    static func compile(_ files: [Pinned], in folder: String) throws {
        try withExtendedLifetime(files) {
            let views = try files.map { file in
                let view = try ZTOCView(file.bytes)
                try view.validate()
                return view
            }
            try ImageTree.compile(views, in: folder)
        }
    }

    /// Bytes that stay where they are.
    final class Pinned {
        let bytes: UnsafeRawBufferPointer

        init(_ array: [UInt8]) {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 16)
            copy.copyBytes(from: array)
            bytes = UnsafeRawBufferPointer(copy)
        }

        deinit { bytes.deallocate() }
    }

    /// The zTOC of an archive, in one span.
    static func ztoc(_ archive: [UInt8]) throws -> Pinned {
        let parsed = try parseTar(archive)
        var writer = ZTOCWriter()
        for entry in parsed.entries { try writer.append(entry) }
        var bytes: [UInt8] = []
        _ = try writer.writeUncompressed(
            ZTOCWriter.Layer(
                compressedSize: Int64(archive.count), uncompressedArchiveSize: parsed.archiveSize,
                spanDigests: [.of(archive)]),
            spanSize: Int64(archive.count)
        ) { bytes += $0 }
        return Pinned(bytes)
    }

    /// The names in a directory with their inode numbers, as they are stored.
    func entries(of directory: UInt64) -> [(name: [UInt8], inode: UInt64)] {
        guard let record = tree.inode(directory)?.pointee else { return [] }
        return (0..<Int(record.size)).map { position in
            let entry = tree.entries[Int(record.data) + position]
            let name = UnsafeRawBufferPointer(start: tree.strings + Int(entry.name), count: Int(entry.nameLength))
            return (Array(name), UInt64(entry.inode))
        }
    }

    /// All paths, each without a leading slash, with their inode numbers; the root is the empty one.
    func paths() -> [(path: [UInt8], inode: UInt64)] {
        var found: [(path: [UInt8], inode: UInt64)] = [([], 1)]
        var next = 0
        while next < found.count {
            let (path, number) = found[next]
            next += 1
            guard (tree.inode(number)?.pointee.mode ?? 0) & S_IFMT == S_IFDIR else { continue }
            for (name, child) in entries(of: number) {
                found.append((path.isEmpty ? name : path + [UInt8(ascii: "/")] + name, child))
            }
        }
        return found
    }

    /// The bytes of a regular file.
    func content(_ record: InodeRecord) -> [UInt8] {
        let layer = layers[Int(record.layer)]
        guard record.isSparse else { return Array(layer[Int(record.data)..<Int(record.data + record.size)]) }
        var bytes = [UInt8](repeating: 0, count: Int(record.size))
        for index in 0..<Int(record.extentCount) {
            let run = tree.extents[Int(record.data) + index]
            bytes.replaceSubrange(
                Int(run.offset)..<Int(run.offset + run.length), with: layer[Int(run.data)..<Int(run.data + run.length)])
        }
        return bytes
    }

    /// One line per path, as overlay-tree.py prints them.
    func dump() -> [String] {
        let paths = paths().sorted { $0.path.lexicographicallyPrecedes($1.path) }
        var first: [UInt64: String] = [:]
        return paths.map { path, number in
            var status = stat()
            guard let inode = tree.inode(number) else { return "no inode \(number)" }
            tree.fill(&status, number, inode)
            let record = inode.pointee
            var size = 0
            var extra = "-"
            switch record.mode & S_IFMT {
            case S_IFREG: (size, extra) = (Int(record.size), Digest.of(content(record)).hex)
            case S_IFLNK:
                let target = UnsafeRawBufferPointer(start: tree.strings + Int(record.data), count: Int(record.size))
                (size, extra) = (Int(record.size), Array(target).hex)
            case S_IFCHR, S_IFBLK: extra = "\(status.st_rdev)"
            default: break
            }
            if record.mode & S_IFMT != S_IFDIR, first[number] == nil { first[number] = path.hex }
            var xattrs: [(name: [UInt8], value: [UInt8])] = []
            tree.eachXattr(inode) { name, value in
                xattrs.append((Array(name), Array(value)))
                return true
            }
            let pairs = xattrs.sorted { $0.name.lexicographicallyPrecedes($1.name) }
                .map { "\($0.name.hex)=\($0.value.hex)" }
            let time = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
            return "/\(path.hex) \(String(record.mode, radix: 8)) \(record.owner) \(record.group) \(time) \(size) "
                + "\(extra) /\(first[number] ?? "-") \(pairs.isEmpty ? "-" : pairs.joined(separator: ","))"
        }
    }

    /// What is wrong with counts, order and parents of the tree; nothing in a right one.
    func faults() -> [String] {
        var faults: [String] = []
        var names: [UInt64: Int] = [:]
        var texts: [UInt64: Set<String>] = [:]
        for (path, number) in paths() {
            guard let record = tree.inode(number)?.pointee else { continue }
            names[number, default: 0] += 1
            texts[number, default: []].insert("/" + String(decoding: path, as: UTF8.self))
            guard record.mode & S_IFMT == S_IFDIR else { continue }
            let entries = entries(of: number)
            let folders = entries.filter { (tree.inode($0.inode)?.pointee.mode ?? 0) & S_IFMT == S_IFDIR }
            if Int(record.linkCount) != 2 + folders.count { faults.append("link count of folder \(path.hex)") }
            if !zip(entries, entries.dropFirst()).allSatisfy({ $0.name.lexicographicallyPrecedes($1.name) }) {
                faults.append("order in \(path.hex)")
            }
            for folder in folders where tree.inode(folder.inode)?.pointee.parent != UInt32(number) {
                faults.append("parent of \(folder.name.hex) in \(path.hex)")
            }
            for entry in entries {
                let found = entry.name.withUnsafeBytes { name in
                    tree.inode(number).flatMap { tree.lookUp(name, in: $0) }
                }
                if found != entry.inode { faults.append("look-up of \(entry.name.hex) in \(path.hex)") }
            }
        }
        if names.count != tree.inodeCount { faults.append("\(tree.inodeCount) inodes, \(names.count) have a name") }
        for (number, paths) in texts where !paths.contains(tree.path(of: number)) {
            faults.append("the path \(tree.path(of: number)) of inode \(number)")
        }
        for (number, count) in names where number > 1 {
            guard let record = tree.inode(number)?.pointee, record.mode & S_IFMT != S_IFDIR else { continue }
            if Int(record.linkCount) != count { faults.append("link count of inode \(number)") }
        }
        return faults
    }
}

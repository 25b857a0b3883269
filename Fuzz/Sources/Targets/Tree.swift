import Glibc

@testable import HermesCore

extension FuzzTarget {
    /// Compiled image trees.
    static let tree = FuzzTarget(name: "tree") { bytes in
        try readTree(FuzzFiles.file(bytes), sizes: nil)
    }

    /// Opens a compiled tree as a mount does, and asks for everything that it has. `sizes` are those of its layers in
    /// bytes; nil for 1 MiB each.
    static func readTree(_ path: String, sizes: [Int64]?) throws {
        let tree = try ImageTree(path)
        guard tree.layerCount <= UInt16.max else { return }
        try tree.checkData(against: sizes ?? [Int64](repeating: 1 << 20, count: tree.layerCount))
        for number in 1...UInt64(min(tree.inodeCount, 200)) {
            guard let inode = tree.inode(number) else { continue }
            var status = stat()
            tree.fill(&status, number, inode)
            tree.eachXattr(inode) { name, value in
                _ = name.reduce(0, ^) ^ value.reduce(0, ^)
                return true
            }
            guard inode.pointee.mode & S_IFMT == S_IFDIR else { continue }
            for index in 0..<Int(min(inode.pointee.size, 50)) {
                let entry = tree.entries[Int(inode.pointee.data) + index]
                let name = UnsafeRawBufferPointer(
                    start: tree.strings + Int(entry.name), count: Int(entry.nameLength))
                let found = tree.lookUp(name, in: inode)
                check(sizes == nil || isName(name), "a name that no file can have")
                // Names of a tree that Hermes has compiled itself are sorted, so each is found.
                check(sizes == nil || found == UInt64(entry.inode), "a name is not found")
                _ = try? tree.resolve(String(decoding: name, as: UTF8.self))
            }
        }
        _ = tree.path(of: UInt64(tree.inodeCount))
    }

    private static func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        !name.isEmpty && name.count <= 255 && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
            && !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
    }
}

import Glibc

/// By which folder and which name each inode of a tree is found. Made in one walk of the whole tree, with 8 bytes for each inode;
/// for the path of one inode alone there is `ImageTree.path(of:)`.
struct TreeNames {
    /// Bytes of a path that is given in full (PATH_MAX, limits.h).
    static let pathLimit = 4096

    private let tree: ImageTree
    /// By inode number: the folder that it lies in, 0 for one in none; and its directory entry.
    private var holders: [UInt32]
    private var entries: [UInt32]
    /// The inode numbers of the folders, the root's first, each after that of the folder that it lies in.
    private(set) var folders = [1]

    init(_ tree: ImageTree) {
        self.tree = tree
        holders = Array(repeating: 0, count: tree.inodeCount + 1)
        entries = holders
        holders[1] = 1
        var next = 0
        while next < folders.count {
            let folder = folders[next]
            next += 1
            let record = tree.inodes[folder - 1]
            for index in Int(record.data)..<Int(record.data + record.size) {
                let child = Int(tree.entries[index].inode)
                // Of several links the first counts. In a damaged tree this also ends a walk in circles. A page that the disk does
                // not give reads as zeros, and no inode has that number.
                guard child > 0, holders[child] == 0 else { continue }
                (holders[child], entries[child]) = (UInt32(folder), UInt32(index))
                if tree.inodes[child - 1].mode & S_IFMT == S_IFDIR { folders.append(child) }
            }
        }
    }

    /// Whether the inode is found by a name, or is the root.
    func isNamed(_ number: Int) -> Bool { holders[number] > 0 }

    /// The folder of an inode that has a name; the root's own for the root.
    func folder(of number: Int) -> Int { Int(holders[number]) }

    /// The path of an inode that has a name, "/" for the root. Of one that is longer than `pathLimit`, the end behind "/...".
    func path(of number: Int) -> String {
        var names: [String] = []
        var current = number
        var length = 0
        while current > 1 {
            let entry = tree.entries[Int(entries[current])]
            length += Int(entry.nameLength) + 1
            guard length <= Self.pathLimit else {
                names.append("...")
                break
            }
            // Names lie inside the strings (checked when the tree was mapped).
            let name = UnsafeRawBufferPointer(start: tree.strings + Int(entry.name), count: Int(entry.nameLength))
            names.append(String(decoding: name, as: UTF8.self))
            current = folder(of: current)
        }
        return "/" + names.reversed().joined(separator: "/")
    }
}

import Glibc
import HermesSupport

extension ImageTree {
    /// The inode number of a path such as "/usr/bin/python3", symbolic links followed as in a chroot.
    ///
    /// Throws `notFound` where there is none, also for links that lead round in circles.
    package func resolve(_ path: String) throws -> UInt64 {
        let missing = HermesError(.notFound, "the image has no file \(path.printable(300))")
        var rest = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)[...]
        var stack: [UInt64] = [1]
        var hops = 0
        while let name = rest.popFirst() {
            if name == Array(".".utf8) { continue }
            if name == Array("..".utf8) {
                if stack.count > 1 { stack.removeLast() }
                continue
            }
            guard let current = stack.last, let directory = inode(current), directory.pointee.mode & S_IFMT == S_IFDIR,
                let number = name.withUnsafeBytes({ lookUp($0, in: directory) }), let found = inode(number)
            else { throw missing }
            guard found.pointee.mode & S_IFMT == S_IFLNK else {
                stack.append(number)
                continue
            }
            hops += 1
            guard hops <= 40 else { throw missing }
            // Targets lie inside the strings (checked when the tree was mapped).
            let target = UnsafeBufferPointer(start: strings + Int(found.pointee.data), count: Int(found.pointee.size))
            if target.first == CChar(bitPattern: UInt8(ascii: "/")) { stack = [1] }
            rest =
                (target.map { UInt8(bitPattern: $0) }.split(separator: UInt8(ascii: "/")).map(Array.init) + rest)[...]
        }
        return stack.last ?? 1
    }

    /// A path of an inode, for messages: as many steps as it has names, 4096 at most. A file with several links has one of them. In
    /// a tree that an older build compiled, the number stands for it.
    package func path(of number: UInt64) -> String {
        var names: [String] = []
        var current = number
        while current > 1, names.count < 4096, let record = inode(current)?.pointee {
            guard record.entry > 0 else { return "inode \(number)" }
            // Entries and their names lie inside the tree (checked when it was mapped).
            names.append(String(cString: strings + Int(entries[Int(record.entry) - 1].name)))
            current = UInt64(record.parent)
        }
        return "/" + names.reversed().joined(separator: "/")
    }

    /// The entries of a folder's hard links without a target. They stand in the order of their folders.
    func danglingLinks(in folder: UInt64) -> Range<Int> {
        let end = entryCount
        func first(where isReached: (UInt64) -> Bool) -> Int {
            var low = end - danglingCount
            var high = end
            while low < high {
                let middle = (low + high) / 2
                if isReached(UInt64(entries[middle].inode)) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        let start = first { $0 >= folder }
        return start..<max(start, first { $0 > folder })
    }
}

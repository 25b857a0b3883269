import Glibc

@testable import HermesCore
@testable import HermesSupport

/// Compares the tree of an open image with the files that it should show, and collects what each of them should hold.
struct ImageComparison {
    private let tree: ImageTree
    private let model: ModelImage
    /// The inode number of each file, and its content where it is a regular one.
    private var numbers: [ObjectIdentifier: UInt64] = [:]
    private(set) var contents: [UInt64: [UInt8]] = [:]

    /// Stops the program where the tree is another.
    init(_ tree: ImageTree, _ model: ModelImage) {
        self.tree = tree
        self.model = model
        compare(1, model.root, path: "")
        check(tree.danglingCount == model.danglingCount, "\(tree.danglingCount) links without a target")
        check(Set(numbers.values).count == numbers.count, "two files have one inode")
    }

    private mutating func compare(_ number: UInt64, _ shown: ModelImage.Shown, path: String) {
        guard let inode = tree.inode(number) else { return check(false, "\(path) has no inode") }
        var status = stat()
        tree.fill(&status, number, inode)
        switch shown {
        case .directory(let entry, let children):
            check(status.st_mode & S_IFMT == S_IFDIR, "\(path) is no folder")
            compare(status, entry?.attributes ?? .init(mode: 0o755), path)
            compareXattrs(inode, entry?.xattrs ?? [:], path)
            compareChildren(of: inode, status, children, path)
        case .file(let file):
            check(numbers.updateValue(number, forKey: ObjectIdentifier(file)) ?? number == number, "\(path) is torn")
            compare(status, file.attributes, path)
            compareXattrs(inode, file.entry.xattrs, path)
            check(status.st_nlink == UInt(model.linkCounts[ObjectIdentifier(file)] ?? 0), "\(path) has other links")
            compareKind(status, inode.pointee, file.entry, path)
            if file.entry.kind == .regular { contents[number] = file.entry.content }
        }
    }

    private mutating func compareChildren(
        of inode: UnsafePointer<InodeRecord>, _ status: stat, _ children: [[UInt8]: ModelImage.Shown], _ path: String
    ) {
        check(
            inode.pointee.size == Int64(children.count),
            "\(path) has \(inode.pointee.size) files, not \(children.count)")
        var folders: UInt = 0
        for (name, child) in children {
            if case .directory = child { folders += 1 }
            let below = path + "/" + String(decoding: name.prefix(20), as: UTF8.self)
            guard let found = name.withUnsafeBytes({ tree.lookUp($0, in: inode) }) else {
                return check(false, "\(below) does not show")
            }
            compare(found, child, path: below)
        }
        check(status.st_nlink == 2 + folders, "\(path) has another number of folders")
        check(
            "no such name".utf8.withContiguousStorageIfAvailable { name in
                tree.lookUp(UnsafeRawBufferPointer(name), in: inode) == nil
            } ?? true, "\(path) has a file of no name")
    }

    private func compare(_ status: stat, _ attributes: FuzzEntry.Attributes, _ path: String) {
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        check(status.st_mode & 0o7777 == (isLink ? 0o777 : attributes.mode & 0o7777), "\(path) has other permissions")
        check(status.st_uid == attributes.uid && status.st_gid == attributes.gid, "\(path) has another owner")
        check(
            status.st_mtim.tv_sec == Int(attributes.time.seconds)
                && status.st_mtim.tv_nsec == Int(attributes.time.nanoseconds), "\(path) has another time")
    }

    private func compareKind(_ status: stat, _ record: InodeRecord, _ entry: FuzzEntry, _ path: String) {
        let kind: UInt32
        switch entry.kind {
        case .regular:
            kind = S_IFREG
            check(status.st_size == entry.content.count, "\(path) has \(status.st_size) bytes")
        case .symbolicLink:
            kind = S_IFLNK
            let target = UnsafeRawBufferPointer(start: tree.strings + Int(record.data), count: Int(record.size))
            check(target.elementsEqual(entry.linkName), "\(path) leads elsewhere")
        case .characterDevice, .blockDevice:
            kind = entry.kind == .characterDevice ? S_IFCHR : S_IFBLK
            // As makedev(3) has numbers below 256.
            check(status.st_rdev == UInt(entry.device.major << 8 | entry.device.minor), "\(path) is another device")
        case .fifo: kind = S_IFIFO
        case .directory, .hardLink: kind = 0
        }
        check(status.st_mode & S_IFMT == kind, "\(path) is of another kind")
    }

    private func compareXattrs(_ inode: UnsafePointer<InodeRecord>, _ xattrs: [[UInt8]: [UInt8]], _ path: String) {
        var found: [[UInt8]: [UInt8]] = [:]
        tree.eachXattr(inode) { name, value in
            check(found.updateValue(Array(value), forKey: Array(name)) == nil, "\(path) has an attribute twice")
            return true
        }
        check(found == xattrs, "\(path) has other extended attributes")
    }
}

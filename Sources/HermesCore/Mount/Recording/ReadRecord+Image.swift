import Glibc
import HermesSupport

extension ReadRecord {
    /// What a recording found out about an image. It takes time and memory in proportion to the files of the image.
    init(_ tally: ReadTally, seconds: Double, of image: LazyImage) {
        self.init(
            tally, seconds: seconds, tree: image.tree,
            layers: image.layers.map { Layer(digest: $0.descriptor.digest, bytes: $0.descriptor.size) })
    }

    /// As the other; `layers` are those of the tree, without files yet.
    init(_ tally: ReadTally, seconds: Double, tree: ImageTree, layers: [Layer]) {
        self.seconds = seconds
        self.layers = layers
        (touched, untouchedFiles, untouchedFolders, reads) = ([], [], [], [])
        let names = TreeNames(tree)
        var folders = Array(repeating: FolderSum(), count: tree.inodeCount + 1)
        var read: [Sized] = []
        var unread: [Sized] = []
        for number in 1...tree.inodeCount {
            let record = tree.inodes[number - 1]
            // A hard link without a target is shown nowhere.
            guard record.mode & S_IFMT == S_IFREG, names.isNamed(number) else { continue }
            let file = Sized(number: number, bytes: Int64(tree.storedSize(tree.inodes + (number - 1))))
            let counts = tally.files[UInt64(number)]
            self.layers[Int(record.layer)].add(file.bytes, counts)
            folders[names.folder(of: number)].add(file.bytes, isTouched: counts != nil)
            if counts != nil { read.append(file) } else { unread.append(file) }
        }
        // A folder comes after the one it lies in, so that its sum is whole when it is added to that one.
        for folder in names.folders.reversed() where folder != 1 {
            folders[names.folder(of: folder)].add(folders[folder])
        }
        let whole = names.folders.filter { folder in
            folders[folder].isUntouched && (folder == 1 || !folders[names.folder(of: folder)].isUntouched)
        }
        touched = Self.largest(read, Self.touchedLimit).compactMap { file in
            tally.files[UInt64(file.number)].map { TouchedFile(file, $0, tree, names) }
        }
        untouchedFiles = Self.largest(unread, Self.untouchedLimit).map { file in
            UntouchedFile(
                path: names.path(of: file.number), layer: Int(tree.inodes[file.number - 1].layer), bytes: file.bytes)
        }
        untouchedFolders = Self.largest(
            whole.map { Sized(number: $0, bytes: folders[$0].bytes) }, Self.untouchedLimit
        ).map {
            UntouchedFolder(path: names.path(of: $0.number), files: folders[$0.number].files, bytes: $0.bytes)
        }
        reads = tally.points().compactMap { point in
            tree.inode(point.inode).map {
                Read(
                    at: point.at, path: names.path(of: Int(point.inode)), layer: Int($0.pointee.layer),
                    bytes: point.bytes, seconds: point.seconds)
            }
        }
    }

    /// An inode with its size.
    fileprivate struct Sized {
        var number: Int
        var bytes: Int64
    }

    private static func largest(_ files: [Sized], _ limit: Int) -> [Sized] {
        Array(files.sorted { ($0.bytes, $1.number) > ($1.bytes, $0.number) }.prefix(limit))
    }
}

/// The files in a folder and in all below it.
private struct FolderSum {
    var files = 0
    var bytes: Int64 = 0
    private var isTouched = false

    /// It has files, and none was read.
    var isUntouched: Bool { files > 0 && !isTouched }

    mutating func add(_ bytes: Int64, isTouched: Bool) {
        files += 1
        self.bytes = self.bytes.addingCapped(bytes)
        self.isTouched = self.isTouched || isTouched
    }

    mutating func add(_ other: FolderSum) {
        files += other.files
        bytes = bytes.addingCapped(other.bytes)
        isTouched = isTouched || other.isTouched
    }
}

extension ReadRecord.Layer {
    fileprivate mutating func add(_ size: Int64, _ counts: ReadTally.File?) {
        files += 1
        fileBytes = fileBytes.addingCapped(size)
        guard let counts else { return }
        touchedFiles += 1
        touchedFileBytes = touchedFileBytes.addingCapped(size)
        readBytes = readBytes.addingCapped(counts.bytes)
    }
}

extension ReadRecord.TouchedFile {
    fileprivate init(_ file: ReadRecord.Sized, _ counts: ReadTally.File, _ tree: ImageTree, _ names: TreeNames) {
        self.init(
            path: names.path(of: file.number), layer: Int(tree.inodes[file.number - 1].layer), bytes: file.bytes,
            at: counts.first, reads: counts.reads, readBytes: counts.bytes, fetchedBytes: counts.fetchedBytes)
    }
}

extension Int64 {
    /// The sum, or the largest number: files of a hostile image may name the same bytes any number of times.
    fileprivate func addingCapped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

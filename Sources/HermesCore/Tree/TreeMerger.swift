import Glibc
import HermesSupport

/// Merges the trees of an image's layers into one, as overlayfs shows them, and hands it to a `TreeWriter`.
///
/// Directory by directory from the root: for each name the topmost layer that has it decides. A whiteout (or, as for
/// overlayfs, a character device 0/0) leaves the name out; a file is taken with its layer's attributes; a directory is
/// joined with those below it until one is opaque or no directory; the root joins all, for overlayfs heeds no mark on it,
/// and has the attributes of a new folder, for containerd unpacks into one and leaves it as it is. Inodes are numbered in the order in which the walk
/// meets them, so the same layers give the same numbers everywhere.
struct TreeMerger {
    /// A layer's tree with the entries that it was made of.
    ///
    /// A class, as it is looked into for every name: a copy of the tree would count its arrays' users.
    final class Layer {
        let tree: LayerTree
        let source: ZTOCView

        init(tree: LayerTree, source: ZTOCView) {
            self.tree = tree
            self.source = source
        }
    }

    private struct Part {
        let layer: Int
        let node: Int32
    }

    private let layers: [Layer]
    let sizes: [Int64]
    var writer = TreeWriter()
    /// The sum of the regular files' sizes in bytes.
    var contentSize: Int64 = 0
    /// Hard links without a target, which the tree only remembers: their names, each with its folder's inode number.
    private var dangling: [EntryRecord] = []
    /// Per layer and node: the inode number that the node was given; 0 when it has none.
    private var numbers: [ContiguousArray<UInt32>]

    /// `layers` go from the bottom up; `sizes` are their uncompressed sizes in bytes.
    init(_ layers: [Layer], sizes: [Int64]) {
        self.layers = layers
        self.sizes = sizes
        numbers = layers.map { ContiguousArray(repeating: 0, count: $0.tree.nodes.count) }
    }

    /// Runs the merge. Throws `corrupt` for an entry whose data lies outside its layer.
    mutating func run() throws {
        let roots = layers.indices.reversed().map { Part(layer: $0, node: 0) }
        var queue: [(parts: [Part], number: UInt32)] = [(roots, 1)]
        writer.inodes.append(try rootRecord(roots))
        var next = 0
        while next < queue.count {
            let (parts, number) = queue[next]
            queue[next].parts = []
            next += 1
            let first = writer.entries.count
            var subdirectories: UInt32 = 0
            try eachName(parts) { merger, name, found in
                let top = merger.layers[found[0].layer].tree.nodes[Int(found[0].node)]
                guard top.kind != .whiteout else { return }
                var child: UInt32
                if top.kind == .directory {
                    let joined = merger.joined(found)
                    child = UInt32(merger.writer.inodes.count + 1)
                    merger.writer.inodes.append(try merger.directoryRecord(joined, parent: number))
                    queue.append((joined, child))
                    subdirectories += 1
                } else {
                    guard let owner = try merger.owner(found[0]) else {
                        merger.dangling.append(
                            EntryRecord(
                                name: try merger.writer.add(name), inode: number, nameLength: UInt16(name.count),
                                type: 0))
                        return
                    }
                    guard let file = try merger.fileNumber(owner) else { return }
                    child = file
                }
                let type = merger.writer.inodes[Int(child - 1)].mode >> 12
                // Of a file with several names, the first.
                if merger.writer.inodes[Int(child - 1)].entry == 0 {
                    merger.writer.inodes[Int(child - 1)].parent = number
                    merger.writer.inodes[Int(child - 1)].entry = UInt32(clamping: merger.writer.entries.count + 1)
                }
                merger.writer.entries.append(
                    EntryRecord(
                        name: try merger.writer.add(name), inode: child, nameLength: UInt16(name.count),
                        type: UInt16(type)))
            }
            writer.inodes[Int(number - 1)].data = Int64(first)
            writer.inodes[Int(number - 1)].size = Int64(writer.entries.count - first)
            writer.inodes[Int(number - 1)].linkCount = 2 + subdirectories
        }
        writer.danglingCount = dangling.count
        writer.entries += dangling
        guard writer.inodes.count < UInt32.max, writer.entries.count < UInt32.max else {
            throw HermesError(.unsupported, "the image has more than 4,294,967,294 files")
        }
    }

    /// The directories that show through: from the topmost down to the first opaque one, or to the first node that is
    /// not a directory.
    private func joined(_ parts: [Part]) -> [Part] {
        var joined: [Part] = []
        for part in parts {
            let node = layers[part.layer].tree.nodes[Int(part.node)]
            guard node.kind == .directory else { break }
            joined.append(part)
            if node.isOpaque { break }
        }
        return joined
    }

    /// Calls `body` for every name in the given directories, sorted, with the nodes of that name from the top down.
    private mutating func eachName(
        _ parts: [Part], _ body: (inout TreeMerger, UnsafeRawBufferPointer, [Part]) throws -> Void
    ) throws {
        // Where each part's children go on in its layer's list of them.
        var cursors = parts.map { layers[$0.layer].tree.places(of: $0.node) }
        var found: [Part] = []
        while true {
            var name: UnsafeRawBufferPointer?
            for (part, cursor) in zip(parts, cursors) {
                guard let place = cursor.first else { continue }
                let candidate = layers[part.layer].tree.child(at: place).name
                if let least = name, !LayerTree.isBefore(candidate, least) { continue }
                name = candidate
            }
            guard let name else { return }
            found.removeAll(keepingCapacity: true)
            for index in parts.indices {
                let tree = layers[parts[index].layer].tree
                guard let place = cursors[index].first, LayerTree.isEqual(tree.child(at: place).name, name) else {
                    continue
                }
                found.append(Part(layer: parts[index].layer, node: tree.children[place]))
                cursors[index].removeFirst()
            }
            try body(&self, name, found)
        }
    }

    /// The root's record: of the layers' entries for the root only the time counts, which unpacking leaves to chance.
    private mutating func rootRecord(_ parts: [Part]) throws -> InodeRecord {
        let described = try directoryRecord(parts, parent: 1)
        var record = InodeRecord()
        record.parent = 1
        record.mode = S_IFDIR | 0o755
        record.modifiedSeconds = described.modifiedSeconds
        record.modifiedNanoseconds = described.modifiedNanoseconds
        return record
    }

    private mutating func directoryRecord(_ parts: [Part], parent: UInt32) throws -> InodeRecord {
        var record = InodeRecord()
        record.parent = parent
        record.mode = S_IFDIR | 0o755
        // A directory that a layer's tar only implies has the attributes of the one below.
        for part in parts {
            let entry = layers[part.layer].tree.nodes[Int(part.node)].entry
            guard entry >= 0 else { continue }
            let view = try layers[part.layer].source.entry(Int(entry))
            try setCommon(&record, view)
            record.mode = S_IFDIR | UInt32(truncatingIfNeeded: view.mode) & 0o7777
            break
        }
        return record
    }

    /// The inode of a node that is no link (`owner`), made when it is met first; nil for a name that shows nothing.
    private mutating func fileNumber(_ part: Part) throws -> UInt32? {
        let known = numbers[part.layer][Int(part.node)]
        if known > 0 {
            writer.inodes[Int(known - 1)].linkCount += 1
            return known
        }
        let node = layers[part.layer].tree.nodes[Int(part.node)]
        let source = layers[part.layer].source
        guard var record = try fileRecord(part.layer, try source.entry(Int(node.entry))) else { return nil }
        if node.lastLink >= 0 { setOwner(&record, try source.entry(Int(node.lastLink))) }
        writer.inodes.append(record)
        let number = UInt32(writer.inodes.count)
        numbers[part.layer][Int(part.node)] = number
        return number
    }

    /// The node that a file's inode belongs to: for hard links that of their target, in whichever layer it is; nil for a
    /// link without a target.
    private func owner(_ part: Part) throws -> Part? {
        var part = part
        while true {
            let node = layers[part.layer].tree.nodes[Int(part.node)]
            if node.link == LayerTree.Node.none { return part }
            if node.link >= 0 {
                part = Part(layer: part.layer, node: node.link)
                continue
            }
            // Each turn goes on in a lower layer.
            let target = try layers[part.layer].source.entry(Int(node.entry)).linkName
            guard let lower = findLower(target, below: part.layer) else { return nil }
            part = lower
        }
    }

    /// The file that a hard link names in the layers below its own.
    private func findLower(_ path: UnsafeRawBufferPointer, below layer: Int) -> Part? {
        var parts = (0..<layer).reversed().map { Part(layer: $0, node: 0) }
        var rest = LayerTree.cleaned(path)[...]
        while let name = rest.popFirst() {
            let found = parts.compactMap { part in
                layers[part.layer].tree.child(part.node, name).map { Part(layer: part.layer, node: $0) }
            }
            guard let top = found.first else { return nil }
            let node = layers[top.layer].tree.nodes[Int(top.node)]
            if rest.isEmpty {
                return node.kind == .file ? top : nil
            }
            parts = joined(found)
        }
        return nil
    }
}

/// A name in a layer.
final class ModelNode {
    enum Kind {
        case directory
        case file(ModelFile)
        case whiteout
    }

    let kind: Kind
    /// The entry of a directory; nil for one that the tar only implies.
    var entry: FuzzEntry?
    var isOpaque = false
    var children: [[UInt8]: ModelNode] = [:]
    private(set) weak var parent: ModelNode?

    init(_ kind: Kind, in parent: ModelNode?) {
        self.kind = kind
        self.parent = parent
    }

    var isDirectory: Bool { if case .directory = kind { true } else { false } }
    var file: ModelFile? { if case .file(let file) = kind { file } else { nil } }

    func add(_ name: [UInt8], _ kind: Kind) -> ModelNode {
        let node = ModelNode(kind, in: self)
        children[name] = node
        return node
    }
}

/// An inode of a layer that is not a directory, or a hard link whose target its layer does not have before it.
final class ModelFile {
    let entry: FuzzEntry
    /// Those of the last hard link to the file, where there is one.
    var attributes: FuzzEntry.Attributes
    /// Of a hard link to a name that came later.
    var target: ModelFile?

    init(_ entry: FuzzEntry) {
        self.entry = entry
        attributes = entry.attributes
    }

    /// The inode that a hard link leads to within its layer.
    var last: ModelFile { target?.last ?? self }
}

/// The files of one layer as unpacking its tar leaves them, written down as plainly as can be: what `LayerTree` is compared with.
struct ModelLayer {
    let root = ModelNode(.directory, in: nil)
    /// Whether hard links lead round in circles, of which no unpacker could make anything.
    private(set) var hasCircles = false

    init(_ entries: [FuzzEntry]) {
        for entry in entries { apply(entry) }
        resolveLater(root)
    }

    private func apply(_ entry: FuzzEntry) {
        var path = Self.cleaned(entry.name)
        guard let last = path.popLast() else {
            if entry.kind == .directory { root.entry = entry }
            return
        }
        guard last.count <= 255, !isBookkeeping(last), let parent = makeDirectory(path) else { return }
        if last == Array(".wh..wh..opq".utf8) {
            parent.isOpaque = true
        } else if last.starts(with: ".wh.".utf8) {
            let hidden = Array(last[4...])
            if parent.children[hidden] == nil { _ = parent.add(hidden, .whiteout) }
        } else if entry.kind == .directory {
            let known = parent.children[last]
            let node = known?.isDirectory == true ? known : parent.add(last, .directory)
            node?.entry = entry
        } else {
            var file = ModelFile(entry)
            if entry.kind == .hardLink, let target = find(Self.cleaned(entry.linkName)), target.entry.kind != .hardLink
            {
                file = target
                file.attributes = entry.attributes
            }
            _ = parent.add(last, .file(file))
        }
    }

    private func isBookkeeping(_ name: [UInt8]) -> Bool {
        let isMarker = name == Array(".wh..wh..opq".utf8)
        return name.starts(with: ".wh..wh.".utf8) && !isMarker
            || [".wh.", ".wh..", ".wh..."].contains { name == Array($0.utf8) }
    }

    /// The directory at a path, made where it is missing; nil where there can be none.
    private func makeDirectory(_ path: [[UInt8]]) -> ModelNode? {
        walk(path) { node, name, _ in
            guard name.count <= 255 else { return nil }
            return node.add(name, .directory)
        }
    }

    /// The file at a path of this layer, its last name not followed.
    private func find(_ path: [[UInt8]]) -> ModelFile? {
        var found: ModelFile?
        _ = walk(path, seesLast: { found = $0.file }) { _, _, _ in nil }
        return found
    }

    /// Walks a path, and follows symbolic links on the way. `missing` makes the directories that are not there.
    private func walk(
        _ path: [[UInt8]], seesLast: ((ModelNode) -> Void)? = nil,
        missing: (ModelNode, [UInt8], ModelNode?) -> ModelNode?
    ) -> ModelNode? {
        var rest = path[...]
        var current = root
        var links = 0
        while let name = rest.popFirst() {
            if name == Array("..".utf8) {
                current = current.parent ?? current
                continue
            }
            let next = current.children[name]
            if let next, let seesLast, rest.isEmpty {
                seesLast(next)
                return nil
            }
            if let next, next.isDirectory {
                current = next
            } else if let link = next?.file?.entry, link.kind == .symbolicLink {
                links += 1
                guard links < 40 else { return nil }
                rest = (Self.split(link.linkName) + rest)[...]
                if link.linkName.first == UInt8(ascii: "/") { current = root }
            } else {
                guard let made = missing(current, name, next) else { return nil }
                current = made
            }
        }
        return current
    }

    /// Resolves the hard links whose targets came later.
    private mutating func resolveLater(_ node: ModelNode) {
        var files: [ModelFile] = []
        func collect(_ node: ModelNode) {
            if let file = node.file, file.entry.kind == .hardLink { files.append(file) }
            for child in node.children.values { collect(child) }
        }
        collect(node)
        for file in files {
            guard let target = find(Self.cleaned(file.entry.linkName)) else { continue }
            guard target.last !== file else {
                hasCircles = true
                continue
            }
            file.target = target
        }
    }

    static func split(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != Array(".".utf8) }
    }

    /// The names of a path as if the root were above it.
    static func cleaned(_ path: [UInt8]) -> [[UInt8]] {
        split(path).reduce(into: []) { names, name in
            if name == Array("..".utf8) { _ = names.popLast() } else { names.append(name) }
        }
    }
}

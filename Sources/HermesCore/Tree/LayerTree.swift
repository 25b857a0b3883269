/// The tree of one layer alone, as unpacking its tar into an empty folder leaves it, with its whiteouts kept as such.
///
/// Built once from a zTOC's entries, in their order, and then merged with the other layers' (`ImageTree+Compile.swift`).
/// The rules are those of the OCI image spec (layer.md) and, where it is silent, of containerd's unpacking:
/// - A name is cleaned as if its folder were the root: "./a", "/a", "b/../a" and "../a" are all "a".
/// - A missing parent is made; a parent that is a symbolic link of this layer is followed inside the layer.
/// - Of two entries with one name the later one counts, but two directories are one.
/// - A whiteout hides what lower layers have under its name. Where this layer has an entry of that name as well, the entry
///   stands in the whiteout's place: as containerd's overlayfs unpacking leaves it, a directory joins those below.
/// - Names that begin with ".wh..wh." and are not the opaque marker are bookkeeping of AUFS and are left out.
///
/// Names are slices of the zTOC that the entries come from, which must outlive the tree.
struct LayerTree {
    /// The kind of a node. A whiteout has no entry of its own.
    enum Kind {
        case directory, file, whiteout
    }

    struct Node {
        let parent: Int32
        let name: UnsafeRawBufferPointer
        var kind: Kind
        /// The zTOC entry with its attributes; -1 for a directory that the tar only implies.
        var entry: Int32
        /// For a hard link, the node whose inode it shares; that node has no link itself. `unresolved` where the layer
        /// does not have the link's target.
        var link: Int32 = Node.none
        /// The entry of the last hard link to this node, whose owner, mode and time count then; -1 without a hard link.
        var lastLink: Int32 = -1
        /// A directory that hides the lower layers' entries.
        var isOpaque = false

        static let none: Int32 = -1
        static let unresolved: Int32 = -2
    }

    /// Node 0 is the root.
    private(set) var nodes: ContiguousArray<Node> = []
    /// Open addressing over the nodes, by parent and name; -1 is empty.
    private var table: ContiguousArray<Int32>
    private let seed = UInt64.random(in: UInt64.min...UInt64.max)
    /// The folder that the last entry lay in: its path in the tar, as it was written there, and its node. Most entries lie in the
    /// folder of the one before.
    private var lastFolder: (path: UnsafeRawBufferPointer, node: Int32)?
    /// After `finish`: the children of node n are children[starts[n]..<starts[n + 1]], sorted by name.
    private(set) var starts: ContiguousArray<Int32> = []
    private(set) var children: ContiguousArray<Int32> = []

    init(capacity: Int) {
        nodes.reserveCapacity(capacity + 1)
        nodes.append(
            Node(parent: 0, name: UnsafeRawBufferPointer(start: nil, count: 0), kind: .directory, entry: -1))
        var size = 64
        while size < 2 * capacity { size *= 2 }
        table = ContiguousArray(repeating: -1, count: size)
    }

    // MARK: Building

    /// Applies an entry of the tar. `linkTargetOf` gives the target of a symbolic link's entry.
    mutating func apply(
        _ entry: Int32, name: UnsafeRawBufferPointer, isDirectory: Bool,
        hardLinkTo target: UnsafeRawBufferPointer?,
        linkTargetOf: (Int32) -> UnsafeRawBufferPointer?
    ) {
        let last: UnsafeRawBufferPointer
        let folder: UnsafeRawBufferPointer?
        var path: [UnsafeRawBufferPointer] = []
        if let (front, back) = Self.splitLast(name) {
            (folder, last) = (front, back)
        } else {
            path = Self.cleaned(name)
            guard let back = path.popLast() else {
                if isDirectory { nodes[0].entry = entry }
                return
            }
            (folder, last) = (nil, back)
        }
        guard last.count <= 255 else { return }
        let whiteout = Self.whiteout(last)
        if whiteout == .bookkeeping { return }
        let parent: Int32
        if let folder, let lastFolder, Self.isEqual(folder, lastFolder.path) {
            parent = lastFolder.node
        } else {
            if let folder { path = Self.cleaned(folder) }
            guard let made = makeDirectories(path, linkTargetOf) else { return }
            parent = made
            lastFolder = folder.map { ($0, made) }
        }
        switch whiteout {
        case .bookkeeping: return
        case .opaque: nodes[Int(parent)].isOpaque = true
        case .hides(let hidden): hide(hidden, in: parent)
        case nil:
            var link = Node.none
            if let target {
                link = find(Self.cleaned(target), linkTargetOf).map { canonical($0) } ?? Node.unresolved
            }
            put(entry, last, in: parent, isDirectory: isDirectory, link: link)
        }
    }

    /// Sorts the children of every directory; links to names that came later in the tar are resolved.
    mutating func finish(
        linkNameOf: (Int32) -> UnsafeRawBufferPointer, linkTargetOf: (Int32) -> UnsafeRawBufferPointer?
    ) {
        resolveLinks(linkNameOf, linkTargetOf)
        starts = ContiguousArray(repeating: 0, count: nodes.count + 1)
        let live = table.filter { $0 > 0 }
        for node in live { starts[Int(nodes[Int(node)].parent) + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        children = ContiguousArray(repeating: 0, count: live.count)
        var next = starts
        for node in live {
            let parent = Int(nodes[Int(node)].parent)
            children[Int(next[parent])] = node
            next[parent] += 1
        }
        for parent in nodes.indices where starts[parent + 1] - starts[parent] > 1 {
            children[Int(starts[parent])..<Int(starts[parent + 1])].sort {
                Self.isBefore(nodes[Int($0)].name, nodes[Int($1)].name)
            }
        }
    }

    /// Resolves the links whose targets came later in the tar, or are such links themselves.
    private mutating func resolveLinks(
        _ linkNameOf: (Int32) -> UnsafeRawBufferPointer, _ linkTargetOf: (Int32) -> UnsafeRawBufferPointer?
    ) {
        // Every node is followed once, however long the chains.
        var isFollowed = ContiguousArray(repeating: false, count: nodes.count)
        for start in nodes.indices where nodes[start].link == Node.unresolved {
            var chain: [Int] = []
            var end = start
            while nodes[end].link == Node.unresolved, !isFollowed[end] {
                isFollowed[end] = true
                guard let target = find(Self.cleaned(linkNameOf(nodes[end].entry)), linkTargetOf) else { break }
                chain.append(end)
                end = Int(target)
            }
            // Links that lead round in circles stay as they are.
            guard !chain.contains(end) else { continue }
            let shared = nodes[end].link >= 0 ? nodes[end].link : Int32(end)
            for node in chain { nodes[node].link = shared }
        }
    }

    private mutating func put(
        _ entry: Int32, _ name: UnsafeRawBufferPointer, in parent: Int32, isDirectory: Bool, link: Int32
    ) {
        // Unpacking sets the attributes that a hard link's header gives on the inode that it names.
        if link >= 0 { nodes[Int(link)].lastLink = entry }
        let slot = slot(parent, name)
        let kind: Kind = isDirectory ? .directory : .file
        guard table[slot] >= 0 else {
            insert(Node(parent: parent, name: name, kind: kind, entry: entry, link: link), at: slot)
            return
        }
        let old = Int(table[slot])
        if isDirectory, nodes[old].kind == .directory {
            nodes[old].entry = entry
            return
        }
        // A new node takes the old name: the nodes below the old node become unreachable with it, and hard links to the
        // old node keep its inode.
        replace(slot, Node(parent: parent, name: name, kind: kind, entry: entry, link: link))
    }

    private mutating func hide(_ name: UnsafeRawBufferPointer, in parent: Int32) {
        let slot = slot(parent, name)
        guard table[slot] < 0 else { return }
        insert(Node(parent: parent, name: name, kind: .whiteout, entry: -1), at: slot)
    }

    /// Walks to a directory, and makes missing directories; nil when links lead round in circles.
    private mutating func makeDirectories(
        _ path: [UnsafeRawBufferPointer], _ linkTargetOf: (Int32) -> UnsafeRawBufferPointer?
    ) -> Int32? {
        var current: Int32 = 0
        var walk = Walk(path)
        while let name = walk.next() {
            if Self.isDotDot(name) {
                current = nodes[Int(current)].parent
                continue
            }
            guard name.count <= 255 else { return nil }
            let slot = slot(current, name)
            let found = table[slot]
            guard found >= 0 else {
                insert(Node(parent: current, name: name, kind: .directory, entry: -1), at: slot)
                current = table[self.slot(current, name)]
                continue
            }
            switch nodes[Int(found)].kind {
            case .directory: current = found
            case .file, .whiteout:
                if nodes[Int(found)].kind == .file, let target = linkTargetOf(inodeEntry(found)) {
                    if walk.follow(target) { current = 0 }
                } else {
                    replace(slot, Node(parent: current, name: name, kind: .directory, entry: -1))
                    current = table[slot]
                }
            }
        }
        return walk.isLost ? nil : current
    }

    // MARK: Looking up

    /// The node that a node's inode belongs to; `unresolved` for a link that waits for a later name.
    private func canonical(_ node: Int32) -> Int32 {
        // Links are made canonical when they are stored, so one step is enough.
        nodes[Int(node)].link == Node.none ? node : nodes[Int(node)].link
    }

    /// The entry that says what kind of file a node is: a hard link to a symbolic link is that link, and leads on.
    private func inodeEntry(_ node: Int32) -> Int32 {
        let inode = canonical(node)
        return nodes[Int(inode >= 0 ? inode : node)].entry
    }

    /// The file at a path of this layer, its last name not followed; nil where this layer has none.
    private func find(
        _ path: [UnsafeRawBufferPointer], _ linkTargetOf: (Int32) -> UnsafeRawBufferPointer?
    ) -> Int32? {
        var current: Int32 = 0
        var walk = Walk(path)
        while let name = walk.next() {
            if Self.isDotDot(name) {
                current = nodes[Int(current)].parent
                continue
            }
            guard let next = child(current, name) else { return nil }
            let node = nodes[Int(next)]
            if walk.isAtEnd { return node.kind == .file ? next : nil }
            if node.kind == .directory {
                current = next
            } else {
                guard node.kind == .file, let target = linkTargetOf(inodeEntry(next)) else { return nil }
                if walk.follow(target) { current = 0 }
            }
        }
        return nil
    }

    /// The node of `name` in a directory, whiteouts among them.
    func child(_ parent: Int32, _ name: UnsafeRawBufferPointer) -> Int32? {
        let found = table[slot(parent, name)]
        return found >= 0 ? found : nil
    }

    /// Where `children` has those of a directory, sorted by name.
    func places(of node: Int32) -> Range<Int> { Int(starts[Int(node)])..<Int(starts[Int(node) + 1]) }

    /// The child that `children` has at `place`.
    func child(at place: Int) -> Node { nodes[Int(children[place])] }

    // MARK: The table

    private func slot(_ parent: Int32, _ name: UnsafeRawBufferPointer) -> Int {
        // The hash is FNV-1a, as names are short. The author of an image cannot know its start value.
        var hash: UInt64 = seed ^ UInt64(UInt32(bitPattern: parent)) &* 0x9e37_79b9_7f4a_7c15
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 29
        var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[slot] >= 0 {
            let node = nodes[Int(table[slot])]
            if node.parent == parent, Self.isEqual(node.name, name) { break }
            slot = (slot + 1) & (table.count - 1)
        }
        return slot
    }

    /// Puts a node in the place of another one of the same name.
    private mutating func replace(_ slot: Int, _ node: Node) {
        table[slot] = Int32(nodes.count)
        nodes.append(node)
        // Its path may lead elsewhere now.
        lastFolder = nil
    }

    private mutating func insert(_ node: Node, at slot: Int) {
        table[slot] = Int32(nodes.count)
        nodes.append(node)
        guard 2 * nodes.count > table.count else { return }
        let old = table.filter { $0 >= 0 }
        table = ContiguousArray(repeating: -1, count: 2 * table.count)
        for index in old { table[self.slot(nodes[Int(index)].parent, nodes[Int(index)].name)] = index }
    }
}

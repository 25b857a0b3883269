/// The files of an image as overlayfs shows those of its layers, written down as plainly as can be: what `TreeMerger` is compared
/// with.
struct ModelImage {
    /// A name that shows.
    indirect enum Shown {
        case directory(FuzzEntry?, children: [[UInt8]: Shown])
        case file(ModelFile)
    }

    private typealias Part = (layer: Int, node: ModelNode)

    private(set) var root = Shown.directory(nil, children: [:])
    /// Under how many names each file shows.
    private(set) var linkCounts: [ObjectIdentifier: Int] = [:]
    /// Hard links without a target, which do not show.
    private(set) var danglingCount = 0
    private let layers: [ModelLayer]

    /// The layers go from the bottom up. Nil where a layer's hard links lead round in circles.
    init?(_ layers: [[FuzzEntry]]) {
        self.layers = layers.map { ModelLayer($0) }
        guard !self.layers.contains(where: \.hasCircles) else { return nil }
        let parts = self.layers.indices.reversed().map { Part($0, self.layers[$0].root) }
        let children = merge(parts)
        // Of the layers' entries for the root only the time counts.
        var entry: FuzzEntry?
        if let described = parts.lazy.compactMap(\.node.entry).first {
            entry = FuzzEntry(name: [], kind: .directory)
            entry?.attributes.mode = 0o755
            entry?.attributes.time = described.attributes.time
        }
        root = .directory(entry, children: children)
    }

    private mutating func merge(_ parts: [Part]) -> [[UInt8]: Shown] {
        var shown: [[UInt8]: Shown] = [:]
        for name in Set(parts.flatMap { $0.node.children.keys }) {
            let found = parts.compactMap { part in part.node.children[name].map { Part(part.layer, $0) } }
            if found[0].node.isDirectory {
                let joined = Self.joined(found)
                shown[name] = .directory(joined.lazy.compactMap(\.node.entry).first, children: merge(joined))
            } else if let file = found[0].node.file {
                guard let owner = owner(of: file, in: found[0].layer) else {
                    danglingCount += 1
                    continue
                }
                // overlayfs's own whiteout.
                guard owner.entry.kind != .characterDevice || owner.entry.device != (0, 0) else { continue }
                linkCounts[ObjectIdentifier(owner), default: 0] += 1
                shown[name] = .file(owner)
            }
        }
        return shown
    }

    /// The directories that show through: down to the first opaque one, or to the first that is none.
    private static func joined(_ parts: [Part]) -> [Part] {
        var joined: [Part] = []
        for part in parts {
            guard part.node.isDirectory else { break }
            joined.append(part)
            if part.node.isOpaque { break }
        }
        return joined
    }

    /// The inode of a file: for hard links that of their target, in whichever layer it is.
    private func owner(of file: ModelFile, in layer: Int) -> ModelFile? {
        let file = file.last
        guard file.entry.kind == .hardLink else { return file }
        var parts = layers[..<layer].indices.reversed().map { Part($0, layers[$0].root) }
        var rest = ModelLayer.cleaned(file.entry.linkName)[...]
        while let name = rest.popFirst() {
            let found = parts.compactMap { part in part.node.children[name].map { Part(part.layer, $0) } }
            if rest.isEmpty { return found.first?.node.file.flatMap { owner(of: $0, in: found[0].layer) } }
            parts = Self.joined(found)
        }
        return nil
    }
}

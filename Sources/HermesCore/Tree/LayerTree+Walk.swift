extension LayerTree {
    /// The names of a path that are still to be walked; those of a symbolic link on the way come before the rest.
    struct Walk {
        /// How many links are followed on one path, as by the kernel (path_resolution(7)).
        private static let mostLinks = 40
        /// How many names the links of one path may add: a path for the kernel has no more than 2,048.
        private static let mostAdded = 4096

        private var rest: ArraySlice<UnsafeRawBufferPointer>
        private var links = 0
        private var added = 0
        /// Whether the path was given up, as its links lead round in circles or on and on.
        private(set) var isLost = false

        init(_ path: [UnsafeRawBufferPointer]) { rest = path[...] }

        /// Whether the name that was given last is the last one.
        var isAtEnd: Bool { rest.isEmpty }

        /// The next name; nil at the end, and where the path is given up.
        mutating func next() -> UnsafeRawBufferPointer? { rest.popFirst() }

        /// The name that was given last is a link: goes on with its target. Returns whether that starts at the root.
        mutating func follow(_ target: UnsafeRawBufferPointer) -> Bool {
            let names = LayerTree.split(target)
            links += 1
            added += names.count
            isLost = links >= Self.mostLinks || added > Self.mostAdded
            rest = isLost ? [] : (names + rest)[...]
            return target.first == UInt8(ascii: "/")
        }
    }
}

extension YAML {
    /// How much a document may hold. An alias counts as often as it is used, with all that it stands for, so that a small
    /// document cannot become a large value ("billion laughs").
    package struct Limits: Sendable {
        /// The size of the document, and of all texts and keys in it together.
        package var bytes: Int
        /// The levels of sequences and mappings inside each other, 64 or fewer: values are walked by recursion.
        package var depth: Int
        /// The number of values and keys.
        package var nodes: Int

        /// 4 MiB, 64 levels, 100,000 values and keys.
        package init(bytes: Int = 4 << 20, depth: Int = 64, nodes: Int = 100_000) {
            self.bytes = bytes
            self.depth = min(depth, 64)
            self.nodes = nodes
        }
    }
}

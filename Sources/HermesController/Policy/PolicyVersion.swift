/// A policy at one generation of its spec. Ordered by name.
package struct PolicyVersion: Hashable, Comparable, Sendable {
    package let name: String
    package let generation: Int64

    package init(name: String, generation: Int64) {
        self.name = name
        self.generation = generation
    }

    package static func < (left: PolicyVersion, right: PolicyVersion) -> Bool {
        (left.name, left.generation) < (right.name, right.generation)
    }
}

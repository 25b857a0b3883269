import HermesSupport

/// Which snapshots a listing shows, in containerd's filter language (pkg/filters): `name==x`, `kind!=view`,
/// `parent~=^sha256:`, `labels."a.b"==v`, and `labels.a` for a label that is there. A comma means that all parts must hold;
/// of several filters one is enough; no filter at all, or an empty one, lets everything through.
package struct SnapshotFilter: Sendable {
    /// How a part compares.
    enum Operation: Sendable {
        case present
        case equal([UInt8])
        case notEqual([UInt8])
        case matches(RegularExpression)
    }

    /// One part of a filter.
    struct Selector: Sendable {
        /// The names between the dots, unquoted. Bytes, as an escape can make what is no UTF-8.
        let path: [[UInt8]]
        let operation: Operation
    }

    /// Filters, each of parts; nil lets everything through.
    let alternatives: [[Selector]]?

    /// Lets everything through.
    package static let all = SnapshotFilter(alternatives: nil)

    init(alternatives: [[Selector]]?) { self.alternatives = alternatives }

    /// Bytes of all filters of one call, and expressions among them: each takes memory.
    static let limit = (bytes: 64 << 10, expressions: 32)

    /// Reads the filters of a call. Throws the `SnapshotError` `invalidArgument`, which says where a filter is wrong.
    ///
    /// containerd takes an expression that cannot be compiled for one that matches nothing, and says so in its log; here
    /// it is an error, so that whoever sent it learns of it.
    package init(_ filters: [String]) throws {
        let bytes = filters.reduce(0) { $0 + $1.utf8.count }
        guard bytes <= Self.limit.bytes else {
            throw SnapshotError(.invalidArgument, "filters of \(bytes) bytes are longer than \(Self.limit.bytes)")
        }
        var expressions = 0
        let alternatives = try filters.map { filter in
            var parser = SnapshotFilterParser(filter, expressions: expressions)
            defer { expressions = parser.expressions }
            return filter.isEmpty ? [] : try parser.selectors()
        }
        // An empty filter among others lets everything through; the others must be right all the same.
        let isAll = alternatives.isEmpty || alternatives.contains { $0.isEmpty }
        self.init(alternatives: isAll ? nil : alternatives)
    }
}

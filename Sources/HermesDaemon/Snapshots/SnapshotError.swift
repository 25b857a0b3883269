/// A call of containerd's that a snapshotter answers with no, for a reason that is in the call and not in the machine.
///
/// The machine's failures are `HermesError`, as everywhere.
package struct SnapshotError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What containerd tells apart. Each is the gRPC code of the same name.
    package enum Kind: Sendable, CaseIterable {
        /// No snapshot has that key or name.
        case notFound
        /// One has it already.
        case alreadyExists
        /// The call makes no sense in any state of the snapshots.
        case invalidArgument
        /// It makes none in this state: the snapshot is not active, or has children.
        case failedPrecondition
    }

    package let kind: Kind
    /// One line for a person.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

/// The owners of files as a container in a user namespace sees them, as containerd asks for it by two labels of the container's snapshot:
/// `container:host:count`, several of them with commas between, as in user_namespaces(7).
///
/// Each layer is mounted with this mapping (`mount_setattr(2)`, MOUNT_ATTR_IDMAP), so that no file is changed.
struct OwnerMapping {
    /// The labels.
    static let usersLabel = "containerd.io/snapshot/uidmapping"
    static let groupsLabel = "containerd.io/snapshot/gidmapping"

    /// The values of the labels.
    let users: String
    let groups: String
    /// Who is root in the container on this machine: the owner of its own folder.
    let root: (user: UInt32, group: UInt32)

    /// Reads the labels; nil where there is none. Throws `invalidArgument` for what is no mapping, or has no root.
    init?(_ labels: [String: String]) throws {
        let (users, groups) = (labels[Self.usersLabel], labels[Self.groupsLabel])
        guard users != nil || groups != nil else { return nil }
        self.users = users ?? ""
        self.groups = groups ?? ""
        root = (try Self.root(self.users, Self.usersLabel), try Self.root(self.groups, Self.groupsLabel))
    }

    /// What is 0 in the container.
    private static func root(_ text: String, _ label: String) throws -> UInt32 {
        var root: UInt32?
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = range.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
            guard numbers.count == 3, let inside = numbers[0], let outside = numbers[1], let count = numbers[2],
                count > 0,
                !outside.addingReportingOverflow(count - 1).overflow,
                !inside.addingReportingOverflow(count - 1).overflow
            else { throw SnapshotError(.invalidArgument, "the label \(label) is no mapping: \(text.quoted)") }
            if inside == 0 { root = outside }
        }
        guard let root else {
            throw SnapshotError(.invalidArgument, "the label \(label) does not map root: \(text.quoted)")
        }
        return root
    }

    /// What containerd takes as options of a mount.
    var options: [String] { ["uidmap=\(users)", "gidmap=\(groups)"] }
}

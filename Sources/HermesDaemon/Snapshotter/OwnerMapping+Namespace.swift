import CLinux
import Glibc
import HermesSupport

extension OwnerMapping {
    /// A user namespace with this mapping, as an open file of nsfs (namespaces(7)). Nobody is in it once this returns. Throws
    /// `invalidArgument` for ranges that the kernel refuses, `system` where there can be no such namespace.
    func namespace() throws -> OpenFile {
        let process = hermes_namespace_begin()
        guard process > 0 else { throw HermesError(.system, "cannot make a user namespace", cause: SystemError.last) }
        defer { hermes_namespace_end(process) }
        try write(users, "/proc/\(process)/uid_map")
        try write(groups, "/proc/\(process)/gid_map")
        return try OpenFile("/proc/\(process)/ns/user", O_RDONLY)
    }

    /// The kernel takes a mapping in one write: a range a line, its numbers with spaces between (user_namespaces(7)).
    private func write(_ ranges: String, _ path: String) throws {
        let file = try OpenFile(path, O_WRONLY)
        let text = ranges.map { $0 == ":" ? " " : $0 == "," ? "\n" : $0 }
        let bytes = Array("\(String(text))\n".utf8)
        guard Glibc.write(file.descriptor, bytes, bytes.count) == bytes.count else {
            throw SnapshotError(
                .invalidArgument, "the kernel refuses the mapping of owners \(ranges.quoted): \(SystemError.last)")
        }
    }
}

import HermesContainerd
import HermesSupport

/// The user that an image's configuration names: "", "user", "user:group", by name or number.
enum ContainerUser {
    /// Bytes of /etc/passwd and /etc/group at most.
    private static let fileLimit = 1 << 20

    /// Finds the numbers; `read` gives a file of the image, and is called only for names. Throws `notFound` for a name that
    /// the image does not know, and what `read` throws.
    static func find(_ text: String, read: (String) throws -> String) throws -> RuntimeSpec.User {
        guard !text.isEmpty else { return RuntimeSpec.User() }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var user = RuntimeSpec.User()
        if let number = UInt32(parts[0]) {
            user.uid = number
        } else {
            let fields = try row(parts[0], of: read("etc/passwd"))
            guard fields.count > 3, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else {
                throw HermesError(.notFound, "the image has no user \(parts[0].printable(100))")
            }
            (user.uid, user.gid) = (uid, gid)
        }
        guard parts.count == 2 else { return user }
        if let number = UInt32(parts[1]) {
            user.gid = number
        } else {
            let fields = try row(parts[1], of: read("etc/group"))
            guard fields.count > 2, let gid = UInt32(fields[2]) else {
                throw HermesError(.notFound, "the image has no group \(parts[1].printable(100))")
            }
            user.gid = gid
        }
        return user
    }

    /// The fields of the row of a name (passwd(5), group(5)); empty where there is none.
    private static func row(_ name: String, of text: String) -> [Substring] {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if let first = fields.first, first == name { return fields }
        }
        return []
    }

    /// Reads a file of what is mounted, while it is mounted on a folder of its own. Links on the way are not followed.
    static func read(_ path: String, of mounts: [Containerd_Types_Mount]) throws -> String {
        let mount = try TemporaryMount(mounts)
        defer { mount.end() }
        return String(decoding: try mount.read(path, limit: fileLimit), as: UTF8.self)
    }
}

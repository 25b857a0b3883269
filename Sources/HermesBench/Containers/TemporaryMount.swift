import Glibc
import HermesContainerd
import HermesSupport

/// What a snapshotter says is to be mounted, mounted read-only for a look into it.
struct TemporaryMount {
    private let folder: String
    private var isMounted = false

    /// The options of mounts that are flags of mount(2).
    private static let flags: [String: UInt] = [
        "ro": UInt(MS_RDONLY), "bind": UInt(MS_BIND), "rbind": UInt(MS_BIND) | UInt(MS_REC), "nodev": UInt(MS_NODEV),
        "nosuid": UInt(MS_NOSUID), "noexec": UInt(MS_NOEXEC), "noatime": UInt(MS_NOATIME),
    ]

    /// Throws `system` where it cannot be mounted. `end` is to be called.
    init(_ mounts: [Containerd_Types_Mount]) throws {
        folder = try BenchFolder.make()
        do {
            for entry in mounts { try add(entry) }
        } catch {
            end()
            throw error
        }
    }

    private mutating func add(_ entry: Containerd_Types_Mount) throws {
        var flags = UInt(MS_RDONLY)
        var data: [String] = []
        for option in entry.options where option != "rw" {
            if let flag = Self.flags[option] { flags |= flag } else { data.append(option) }
        }
        guard mount(entry.source, folder, entry.type, flags, data.joined(separator: ",")) == 0 else {
            throw HermesError(.system, "cannot mount a snapshot for a look into it", cause: SystemError.last)
        }
        isMounted = true
    }

    /// Reads a file. Throws `notFound` where there is none, and `corrupt` for one of more than `limit` bytes.
    func read(_ path: String, limit: Int) throws -> [UInt8] {
        var place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let names = path.split(separator: "/")
        for (index, name) in names.enumerated() where place >= 0 {
            let isLast = index == names.count - 1
            let next = openat(
                place, String(name), (isLast ? O_RDONLY | O_NONBLOCK : O_RDONLY | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC)
            close(place)
            place = next
        }
        guard place >= 0 else {
            throw HermesError(.notFound, "the image has no file /\(path)", cause: SystemError.last)
        }
        defer { close(place) }
        var status = stat()
        guard fstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw HermesError(.unsupported, "/\(path) of the image is no file")
        }
        return try LocalFile.read("/proc/self/fd/\(place)", limit: limit)
    }

    /// The root of what is mounted, at no path any more: the mount goes with the descriptor, also when the process is killed.
    /// Takes the place of `end`.
    func detach() throws -> OpenFile {
        defer { end() }
        return try OpenFile(folder, O_RDONLY | O_DIRECTORY)
    }

    func end() {
        if isMounted { while umount2(folder, Int32(MNT_DETACH)) == 0 {} }
        rmdir(folder)
    }
}

import CLinux
import Glibc
import HermesSupport

/// A FUSE connection that its process made or got by itself, and not libfuse: so another process can have it as well.
struct KernelConnection: Sendable {
    /// The open /dev/fuse.
    let file: OpenFile
    /// Where it is mounted.
    let directory: String
    let mount: MountID
    /// The kernel's first message, which only the first process can read.
    let initialization: FuseInit
    /// Whether the kernel waits for the answer to it.
    let isNew: Bool

    /// Milliseconds in which the kernel sends its first message; it does so in mount(2).
    private static let patience: Int32 = 30_000

    /// Mounts on `directory`, read-only, as libfuse would. `name` is what mount(8) shows as its source. Throws `system` when
    /// there is no FUSE, or one that cannot send requests again, `denied` when the caller may not mount.
    static func mount(on directory: String, name: String) throws -> KernelConnection {
        let file = try OpenFile("/dev/fuse", O_RDWR)
        let options =
            "fd=\(file.descriptor),rootmode=40000,user_id=\(geteuid()),group_id=\(getegid()),allow_other,default_permissions"
            + ",max_read=1048576"
        guard Glibc.mount(name, directory, "fuse.hermes", UInt(MS_RDONLY | MS_NOSUID | MS_NODEV), options) == 0 else {
            let error = SystemError.last
            throw HermesError(
                error.number == EPERM || error.number == EACCES ? .denied : .system, "cannot mount on \(directory)",
                cause: error)
        }
        do {
            guard let mount = MountID(directory) else {
                throw HermesError(.system, "cannot find the mount on \(directory)", cause: SystemError.last)
            }
            let initialization = try FuseInit(try receive(file))
            guard initialization.hasResend else {
                throw HermesError(
                    .system, "this kernel does not send requests again, so a mount cannot survive (Linux 6.9 does)")
            }
            return KernelConnection(
                file: file, directory: directory, mount: mount, initialization: initialization, isNew: true)
        } catch {
            umount2(directory, Int32(MNT_FORCE | MNT_DETACH))
            throw error
        }
    }

    private static func receive(_ file: OpenFile) throws -> [UInt8] {
        var entry = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
        // The kernel wants room for the largest request of a connection that is not yet set up (FUSE_MIN_READ_BUFFER).
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        guard poll(&entry, 1, patience) > 0 else {
            throw HermesError(.system, "the kernel does not begin with FUSE_INIT")
        }
        let count = read(file.descriptor, &bytes, bytes.count)
        guard count > 0 else { throw HermesError.file("read", file.path, .last) }
        return Array(bytes[..<count])
    }

    /// Whether the connection behind an open /dev/fuse is not ended: then poll(2) reports no error of it.
    static func isAlive(_ file: OpenFile) -> Bool {
        var entry = pollfd(fd: file.descriptor, events: 0, revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// Has the kernel send all requests again that a process has received and not answered (FUSE_NOTIFY_RESEND). Throws `system`.
    func resend() throws {
        // struct fuse_out_header: the length, the notification's number in place of an error, and no request.
        let notification: [UInt32] = [16, 7, 0, 0]
        guard write(file.descriptor, notification, 16) == 16 else {
            throw HermesError(.system, "the kernel does not send again what it asked for", cause: SystemError.last)
        }
    }
}

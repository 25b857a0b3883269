import CLinux
import Glibc
import HermesSupport

/// Which mount a path lies on.
package struct MountID: Equatable {
    /// The mount's number; from Linux 6.8 on it is never used again.
    package let number: UInt64
    package let device: UInt64

    /// The minor number of its device, by which fusectl names a connection.
    var minor: UInt32 { hermes_minor(device) }

    /// Ends the connection of a FUSE mount, also where it was taken out of the tree while files were open (fusectl,
    /// Documentation/filesystems/fuse.rst). Only for a mount that is not gone: its device's number may be another's by then.
    func abort() {
        guard let file = try? OpenFile("/sys/fs/fuse/connections/\(minor)/abort", O_WRONLY) else { return }
        _ = pwrite(file.descriptor, "1", 1, 0)
    }

    /// The mount with a number and a device, which were asked for before.
    init(number: UInt64, device: UInt64) {
        self.number = number
        self.device = device
    }

    /// Asks the kernel, and no file system, so that this does not wait for one. Nil before Linux 5.8, and for a path that
    /// cannot be reached.
    package init?(_ path: String) {
        var number: UInt64 = 0
        var device: UInt64 = 0
        guard hermes_mount_id(path, &number, &device) == 0 else { return nil }
        self.number = number
        self.device = device
    }
}

import HermesCore
import HermesSupport

/// What there is to know of a machine before a daemon runs on it. `findings` judges it without a look at the machine.
struct NodeFacts {
    enum Hosts {
        case missing
        /// As many registries, and what is wrong with some.
        case read(Int, faults: [String])
        case unreadable(String)
    }

    enum Controller {
        case isNotAsked
        case answers(String)
        case fails(String, cause: String)
    }

    enum Containerd {
        case missing
        case read([UInt8])
        case unreadable(String)
    }

    /// The kernel's release (uname(2)).
    var release = "6.12.0"
    /// The user that the process acts as.
    var user: UInt32 = 0
    /// Why /dev/fuse cannot be opened.
    var fuse: SystemError?
    var settings: DaemonConfiguration?
    /// What is wrong with the file of settings, and the keys without effect.
    var settingsFault: String?
    var warnings: [ConfigurationWarning] = []
    var root = FolderFacts(path: "/root", nearest: "/root")
    /// The socket, and its folder.
    var address = "/run/socket"
    var socketFolder = FolderFacts(path: "/run", nearest: "/run")
    /// Whether a process listens at the socket.
    var isServed = false
    var hosts = Hosts.missing
    var controller = Controller.isNotAsked
    var containerd = Containerd.missing
    /// The most descriptors that the process may allow itself.
    var descriptors: UInt64 = 1 << 20

    static var hostsPath: String { HostsFolder.standard.path }
    static let containerdPath = "/etc/containerd/config.toml"
}

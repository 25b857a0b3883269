import HermesSupport

/// The OCI runtime specification of a bench's container: containerd's default for Linux, on the host's network.
struct RuntimeSpec: Encodable {
    struct User: Encodable, Equatable {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    struct Mount: Encodable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    private struct Process: Encodable {
        struct Capabilities: Encodable {
            var bounding = RuntimeSpec.capabilities
            var effective = RuntimeSpec.capabilities
            var permitted = RuntimeSpec.capabilities
        }
        struct Limit: Encodable {
            var type = "RLIMIT_NOFILE"
            var hard = 1024
            var soft = 1024
        }
        var terminal = false
        var user: User
        var args: [String]
        var env: [String]
        var cwd: String
        var capabilities = Capabilities()
        var rlimits = [Limit()]
        var noNewPrivileges = true
    }

    private struct Root: Encodable {
        var path = "rootfs"
        var readonly = false
    }

    struct Linux: Encodable {
        struct Namespace: Encodable {
            var type: String
        }
        struct Resources: Encodable {
            struct Device: Encodable {
                var allow: Bool
                var type: String?
                var major: Int?
                var minor: Int?
                var access: String
            }
            var devices: [Device]
        }
        var namespaces = ["pid", "ipc", "uts", "mount"].map { Namespace(type: $0) }
        var cgroupsPath: String
        var resources = Resources(devices: RuntimeSpec.devices.map { $0 })
        var maskedPaths = [
            "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
            "/proc/scsi", "/sys/firmware",
        ]
        var readonlyPaths = [
            "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
        ]
    }

    private let ociVersion = "1.0.2"
    private let process: Process
    private let root = Root()
    private let mounts: [Mount]
    private let linux: Linux

    /// `name` is the container's, and that of its control group. Throws `usage` where nothing is to be run.
    init(_ config: ProcessConfig, name: String, words: [String], environment: [String], user: User) throws {
        let arguments = config.arguments(words)
        guard !arguments.isEmpty else {
            throw HermesError(.usage, "the image has no command", advice: "give one behind --")
        }
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let given = config.environment.contains { $0.hasPrefix("PATH=") } ? [] : [path]
        process = Process(
            user: user, args: arguments, env: given + config.environment + environment,
            cwd: config.folder.hasPrefix("/") ? config.folder : "/\(config.folder)")
        mounts = Self.mounts
        linux = Linux(cgroupsPath: "/hermes-bench/\(name)")
    }

    /// Those of Docker's and containerd's containers.
    private static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    /// null, zero, full, random, urandom, tty, the consoles of terminals, and nothing else.
    private static var devices: [Linux.Resources.Device] {
        let all = Linux.Resources.Device(allow: false, access: "rwm")
        let some = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)].map { major, minor in
            Linux.Resources.Device(allow: true, type: "c", major: major, minor: minor, access: "rwm")
        }
        return [all] + some + [.init(allow: true, type: "c", major: 136, access: "rwm")]
    }

    private static let mounts = [
        Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
        Mount(
            destination: "/dev", type: "tmpfs", source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        Mount(
            destination: "/dev/pts", type: "devpts", source: "devpts",
            options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        Mount(
            destination: "/dev/shm", type: "tmpfs", source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        Mount(
            destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        Mount(
            destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"]),
        Mount(destination: "/run", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"]),
        Mount(
            destination: "/etc/resolv.conf", type: "bind", source: "/etc/resolv.conf", options: ["rbind", "ro"]),
        Mount(destination: "/etc/hosts", type: "bind", source: "/etc/hosts", options: ["rbind", "ro"]),
    ]
}

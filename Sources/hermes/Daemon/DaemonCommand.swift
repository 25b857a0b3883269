import ArgumentParser
import Glibc
import HermesDaemon
import HermesSupport
import Logging

struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Serve containerd as a snapshotter that starts containers before their image is here.",
        discussion: """
            containerd asks this daemon where to unpack images and what to mount for containers. An image that has an index, at \
            the controller or among its referrers, is mounted at once, and its layers are not pulled: what a container touches is read from the \
            registry, and the rest is fetched in the background. Any other image, and any that cannot be mounted within 2 \
            seconds, is pulled and unpacked in full, as with containerd's own overlayfs snapshotter. The command stays in the \
            foreground until it is interrupted. SIGHUP makes it read its settings anew.

            EXAMPLE
              hermes daemon &
              ctr images pull --snapshotter hermes docker.io/library/python:3.12

              with these lines in /etc/containerd/config.toml:

              [proxy_plugins.hermes]
                type = "snapshot"
                address = "/run/hermes-daemon/hermes-daemon.sock"

              and for the kubelet's Pods:

              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "hermes"
                disable_snapshot_annotations = false
            """,
        subcommands: [DaemonStatusCommand.self]
    )

    @Option(help: "The folder of the snapshots, of the mounted images and of the cache.")
    var root = "/var/lib/hermes-daemon"

    @Option(help: "The socket that containerd connects to.")
    var address = "/run/hermes-daemon/hermes-daemon.sock"

    @Option(help: "The file of settings. (default: \(DaemonConfiguration.standardPath), if it is there)")
    var config: String?

    @Flag(help: "Print the settings that the file gives, defaults included, as TOML, and end.")
    var printConfig = false

    @Flag(help: "Look whether this machine has what the daemon needs, change nothing, and end.")
    var check = false

    @Option(help: "How the result of --check or of status is written: table or json.")
    var format = OutputFormat.table

    @OptionGroup var logOptions: LogOptions

    /// Milliseconds in which a daemon that was killed is gone.
    private static let exitTime = 10_000

    func run() throws {
        let log = logOptions.logger()
        guard !check else { return try checkNode() }
        let (configuration, warnings) = try DaemonConfiguration.read(config)
        for warning in warnings { warning.write(to: log, file: config) }
        guard !printConfig else { return print(configuration.toml, terminator: "") }
        let interrupt = try Interrupt(reloads: true)
        let manager = ServiceManager()
        // A process that ends without closing the snapshotter may leave a mount that nobody answers.
        interrupt.hold()
        DescriptorLimit.raise()
        let snapshotter = try OverlaySnapshotter(
            root: Self.absolute(root), lazy: configuration, survives: true, patience: Self.exitTime, log: log)
        var watchdog: Watchdog?
        let result = Result {
            try answer(snapshotter, configuration, interrupt, manager, log) { watchdog = $0 }
        }
        let isLeft = snapshotter.close()
        // Watched to the end: systemd counts on while the daemon stops.
        watchdog?.stop()
        guard isLeft else { return try result.get() }
        // Threads still answer the kernel, so nothing is taken down under them. What they leave unanswered the next daemon is asked.
        var code: Int32 = 0
        if case .failure(let error) = result {
            let problem = error as? HermesError ?? HermesError(.system, "the daemon ended", cause: error)
            ErrorLine.print(problem)
            code = problem.code.exitCode
        }
        StandardError.flush()
        _exit(code)
    }

    /// Answers containerd until a signal comes.
    private func answer(
        _ snapshotter: OverlaySnapshotter, _ configuration: DaemonConfiguration, _ interrupt: Interrupt,
        _ manager: ServiceManager, _ log: Logger, _ watched: (Watchdog) -> Void
    ) throws {
        let address = Self.absolute(address)
        try LocalFolder.make(String(address[..<(address.lastIndex(of: "/") ?? address.endIndex)]))
        let server = try DaemonServer(
            snapshotter, address: address, metrics: configuration.metricsAddress, log: log)
        interrupt.hold {
            manager.stopping()
            server.stop()
        }
        CommandLog.say("answering on \(address)", ["address": "\(address)"])
        manager.ready()
        if let period = ServiceManager.watchdogPeriod {
            watched(try Watchdog(Watchdog.parts(of: snapshotter), period: period, manager: manager, log: log))
        }
        let reload = ConfigurationReload(config, current: configuration, manager: manager, log: log) {
            snapshotter.reload($0)
        }
        interrupt.onHangup { reload.run() }
        try server.run()
    }

    /// A path from the current folder as one from the root.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }
}

import HermesSupport
import Logging

/// Reads the configuration of a daemon that runs anew, and takes over what can be changed without an end of its mounts.
///
/// Safe for use from any thread that may block on the file.
package final class ConfigurationReload: Sendable {
    private let path: String?
    private let manager: ServiceManager
    private let log: Logger
    private let apply: @Sendable (DaemonConfiguration) -> Void
    /// The configuration in force. Held while the file is read, so that the last of several calls decides.
    private let current: Monitor<DaemonConfiguration>

    /// `path` is that of the option `--config`, and `current` what was read from it. `apply` puts another configuration in force.
    package init(
        _ path: String?, current: DaemonConfiguration, manager: ServiceManager = ServiceManager(), log: Logger,
        apply: @escaping @Sendable (DaemonConfiguration) -> Void
    ) {
        self.path = path
        self.manager = manager
        self.log = log
        self.apply = apply
        self.current = Monitor(current)
    }

    /// Reads the file and logs what changed. A file that cannot be used changes nothing.
    package func run() {
        current.withLock { held in
            manager.reloading()
            // There is no word for a reload that failed (sd_notify(3)).
            defer { manager.ready() }
            do {
                let (new, warnings) = try DaemonConfiguration.read(path)
                for warning in warnings { warning.write(to: log, file: path) }
                held.value = take(new, after: held.value)
            } catch {
                log.error(
                    "the configuration is not reloaded: the old one stays in force", metadata: ["cause": "\(error)"])
            }
        }
    }

    /// The configuration that is in force after that.
    private func take(_ new: DaemonConfiguration, after old: DaemonConfiguration) -> DaemonConfiguration {
        let changes = old.changes(to: new)
        for change in changes {
            log.log(
                level: change.isReloadable ? .notice : .warning,
                change.isReloadable ? "a setting has changed" : "a setting changes with the next start only",
                metadata: ["key": "\(change.key)", "from": "\(change.old)", "to": "\(change.new)"])
        }
        if changes.isEmpty { log.notice("the configuration was reloaded, and nothing has changed") }
        var merged = new
        merged.metricsAddress = old.metricsAddress
        if merged != old { apply(merged) }
        return merged
    }
}

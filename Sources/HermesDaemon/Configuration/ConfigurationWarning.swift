import HermesSupport
import Logging

/// A key of a configuration that has no effect.
package struct ConfigurationWarning: Sendable, Equatable {
    /// The dotted name of the key or table.
    package let key: String
    /// Its line in the file, from 1.
    package let line: Int
    /// Why the key, which soci-snapshotter has, has no meaning for Hermes; nil for a key that nobody knows.
    package let reason: String?

    /// The sentence for the log, the same for each key of its kind.
    package var message: String {
        reason == nil
            ? "the configuration has an unknown key" : "the configuration has a key of soci-snapshotter without effect"
    }

    /// Writes it to a log. `file` is the file that was named; nil for the standard one.
    package func write(to log: Logger, file: String?) {
        var fields: Logger.Metadata = ["key": "\(key)", "line": "\(line)"]
        fields["file"] = "\(file ?? DaemonConfiguration.standardPath)"
        if let reason { fields["cause"] = "\(reason)" }
        log.warning("\(message)", metadata: fields)
    }

    init(key: String, line: Int) {
        self.key = key
        self.line = line
        reason = Self.reasons[key]
    }

    private static let requests = "the limits of requests to registries are fixed"
    private static let kernel = "the kernel keeps what it knows of an image for ever"
    private static let cache = "the cache is one folder, which [cache] bounds"
    private static let pace = "the background's pace follows what readers and the registry leave"
    private static let checks = "every byte is checked"
    private static let log = "the log and its level are options of the command"
    private static let metrics = "metrics are served where metrics_address says, and only there"
    private static let credentials = "credentials are those of the machine"
    private static let hosts = "mirrors are those of containerd's hosts.toml"
    private static let containerd = "containerd pulls and keeps what is not mounted lazily"

    /// Keys and tables of soci-snapshotter's config.toml.
    private static let reasons: [String: String] = [
        "blob": requests, "http": requests, "max_concurrency": requests, "mount_timeout_sec": requests,
        "fuse": kernel,
        "directory_cache": cache, "http_cache_type": cache, "filesystem_cache_type": cache,
        "resolve_result_entry": cache, "metadata_store": cache,
        "background_fetch.silence_period_msec": pace, "background_fetch.fetch_period_msec": pace,
        "background_fetch.max_queue_size": pace, "prefetch": pace,
        "allow_no_verification": checks, "disable_verification": checks,
        "debug": log, "debug_address": log,
        "metrics_network": metrics, "no_prometheus": metrics, "fuse_metrics_emit_wait_duration_sec": metrics,
        "background_fetch.emit_metric_period_sec": metrics,
        "cri_keychain": credentials, "kubeconfig_keychain": credentials,
        "resolver": hosts,
        "content_store": containerd, "pull_modes": containerd,
        "snapshotter": "every layer is served alike, whatever its size",
        "skip_check_snapshotter_supported": "FUSE is looked for when it is needed",
    ]
}

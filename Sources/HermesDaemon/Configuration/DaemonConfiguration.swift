import HermesCore
import HermesHTTP
import HermesSupport

/// The settings of the daemon, as the TOML file `standardPath` or the option `--config` gives them.
///
/// The keys have the names of soci-snapshotter, so that a node's file can stay; `[cache]`, `node_name` and `token_file` are
/// Hermes's own.
///
/// | key | value | default |
/// |---|---|---|
/// | `metrics_address` | "host:port" at which metrics are served; "" for none | "" |
/// | `background_fetch.disable` | whether the rest of a mounted image is left where it is | false |
/// | `external_artifact_store.enable` | whether a controller is asked for indexes | false |
/// | `external_artifact_store.endpoint` | the controller's http or https URL, required when it is enabled | "" |
/// | `external_artifact_store.timeout_sec` | seconds that one of its answers may take, 1 to 60 | 2 |
/// | `external_artifact_store.platform` | "os/architecture[/variant]" to ask for; "" for this machine's | "" |
/// | `external_artifact_store.token_file` | the path of a file with the token that the controller wants; "" for none | "" |
/// | `external_artifact_store.node_name` | the node's name in its cluster; "" for the host name in lower case | "" |
/// | `external_artifact_store.fallback_to_registry` | whether an index is also taken from the image's referrers | true |
/// | `cache.size` | the most that the cache may take, such as "200G"; "" for all but a tenth of its file system | "" |
package struct DaemonConfiguration: Sendable, Equatable {
    /// The file that is read when no other is named.
    package static let standardPath = "/etc/hermes-daemon/config.toml"
    /// The largest file that is read, in bytes.
    package static let sizeLimit = 256 << 10

    /// Where metrics are served; nil for nowhere.
    package var metricsAddress: ListenAddress?
    /// Whether the rest of a mounted image is fetched in the background.
    package var fetchesInBackground = true
    /// The controller that has indexes.
    package var artifactStore = ArtifactStore()
    /// The most bytes that the cache may take, above 0; nil leaves a tenth of its file system free.
    package var cacheSize: Int64?

    /// The defaults.
    package init() {}

    /// A controller that builds indexes and keeps them outside of the image's registry.
    package struct ArtifactStore: Sendable, Equatable {
        /// Whether the controller is asked. Then there is an endpoint.
        package var isEnabled = false
        /// The root of the controller's API; nil when the file gives none.
        package var endpoint: HTTPURL?
        /// Seconds that one answer may take, 1 to 60.
        package var timeout = 2
        /// The platform to ask for; nil for this machine's.
        package var platform: Platform?
        /// The absolute path of the file with the token that the controller wants; nil sends none. It is read for each request.
        package var tokenFile: String?
        /// The node's name in its cluster; nil for the machine's host name, as with a kubelet.
        package var nodeName: NodeName?
        /// Whether an index is also taken from the image's referrers.
        package var fallsBackToRegistry = true
    }
}

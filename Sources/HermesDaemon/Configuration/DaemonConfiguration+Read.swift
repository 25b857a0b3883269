import HermesCore
import HermesHTTP
import HermesSupport

extension DaemonConfiguration {
    /// Reads the file `path`, or the standard one when `path` is nil, which may be missing. The warnings stand in the order
    /// of the file, those of the root first.
    ///
    /// Throws `corrupt` for a file that is too large, is not TOML or has a wrong value, and the file errors of `path`.
    package static func read(_ path: String?) throws -> (configuration: Self, warnings: [ConfigurationWarning]) {
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read(path ?? standardPath, limit: sizeLimit)
        } catch let error as HermesError where path == nil && error.code == .notFound {
            return (Self(), [])
        }
        do {
            return try parse(bytes)
        } catch let error as HermesError {
            throw HermesError(error.code, "cannot use the configuration \(path ?? standardPath)", cause: error)
        }
    }

    /// Reads a whole document. Pure. Throws `corrupt`.
    static func parse(_ bytes: [UInt8]) throws -> (configuration: Self, warnings: [ConfigurationWarning]) {
        var root = ConfigurationTable(try TOMLParser.parse(bytes))
        var configuration = Self()
        configuration.metricsAddress = try root.text(
            "metrics_address", "an address such as \"127.0.0.1:9092\"", ListenAddress.init)

        var fetch = try root.table("background_fetch")
        configuration.fetchesInBackground = try !fetch.flag("disable", !configuration.fetchesInBackground)

        var store = try root.table("external_artifact_store")
        configuration.artifactStore = try ArtifactStore(&store)

        var cache = try root.table("cache")
        configuration.cacheSize = try cache.text("size", "a size such as \"200G\"") { try? ByteSize.read($0) }

        let unknown = [root, fetch, store, cache].flatMap(\.rest)
        return (configuration, unknown.map { ConfigurationWarning(key: $0.name, line: $0.line) })
    }
}

extension DaemonConfiguration.ArtifactStore {
    fileprivate init(_ table: inout ConfigurationTable) throws {
        isEnabled = try table.flag("enable", isEnabled)
        let url = "an http or https URL without a query such as \"http://controller:8080\""
        endpoint = try table.text("endpoint", url) { text in
            guard let url = try? HTTPURL(text), !url.hasQuery else { return nil }
            return url
        }
        timeout = try table.number("timeout_sec", 1...60, timeout)
        platform = try table.text("platform", "a platform such as \"linux/amd64\"") { try? Platform(parsing: $0) }
        let file = "the absolute path of a file"
        tokenFile = try table.text("token_file", file) { text in
            let isPath = text.hasPrefix("/") && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
            return isPath ? text : nil
        }
        nodeName = try table.text("node_name", "the name of a node such as \"gpu-1\"") { NodeName($0) }
        fallsBackToRegistry = try table.flag("fallback_to_registry", fallsBackToRegistry)
        // The key may be missing: then the message has no line.
        guard !isEnabled || endpoint != nil else { throw table.wrong("endpoint", "\(url), which \"enable\" requires") }
    }
}

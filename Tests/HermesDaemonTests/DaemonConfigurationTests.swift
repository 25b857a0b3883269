import HermesCore
import HermesHTTP
import HermesSupport
import HermesTestKit
import Testing

@testable import HermesDaemon

@Suite struct DaemonConfigurationTests {
    private static let whole = """
        metrics_address = "127.0.0.1:9092"
        [background_fetch]
        disable = true
        [external_artifact_store]
        enable = true
        endpoint = "http://controller.hermes.svc:8080/base"
        timeout_sec = 5
        platform = "linux/arm64/v8"
        token_file = "/run/secrets/hermes/token"
        node_name = "gpu-1.example"
        fallback_to_registry = false
        [cache]
        size = "200G"
        """

    private func parse(_ text: String) throws -> DaemonConfiguration {
        let (configuration, warnings) = try DaemonConfiguration.parse(Array(text.utf8))
        #expect(warnings == [])
        return configuration
    }

    @Test func readsEveryKey() throws {
        let configuration = try parse(Self.whole)
        #expect(configuration.metricsAddress?.host == "127.0.0.1")
        #expect(configuration.metricsAddress?.port == 9092)
        #expect(!configuration.fetchesInBackground)
        #expect(configuration.artifactStore.isEnabled)
        #expect(configuration.artifactStore.endpoint == (try HTTPURL("http://controller.hermes.svc:8080/base")))
        #expect(configuration.artifactStore.timeout == 5)
        #expect(configuration.artifactStore.platform == Platform(architecture: "arm64", os: "linux"))
        #expect(configuration.artifactStore.tokenFile == "/run/secrets/hermes/token")
        #expect(configuration.artifactStore.nodeName == NodeName("gpu-1.example"))
        #expect(!configuration.artifactStore.fallsBackToRegistry)
        #expect(configuration.cacheSize == 200 << 30)
    }

    @Test func anEmptyFileHasTheDefaults() throws {
        let configuration = try parse("# nothing\n[cache]\n")
        #expect(configuration == DaemonConfiguration())
        #expect(configuration.metricsAddress == nil)
        #expect(configuration.fetchesInBackground)
        #expect(
            configuration.artifactStore
                == .init(isEnabled: false, endpoint: nil, timeout: 2, platform: nil, fallsBackToRegistry: true))
        #expect(configuration.cacheSize == nil)
    }

    @Test(arguments: [whole, "", "metrics_address = '[::1]:0'\n[cache]\nsize = '1025M'", "metrics_address = ':9092'"])
    func whatIsPrintedReadsTheSame(text: String) throws {
        let configuration = try parse(text)
        #expect(try parse(configuration.toml) == configuration)
    }

    @Test func thePrintedDefaultsNameEveryKey() {
        #expect(
            DaemonConfiguration().toml == """
                metrics_address = ""

                [background_fetch]
                disable = false

                [external_artifact_store]
                enable = false
                endpoint = ""
                timeout_sec = 2
                platform = ""
                token_file = ""
                node_name = ""
                fallback_to_registry = true

                [cache]
                size = ""

                """)
    }

    /// The message names the line, the key and what is expected.
    @Test(arguments: [
        ("\nmetrics_address = 9092", "line 2: metrics_address is not an address such as"),
        ("metrics_address = 'localhost'", "line 1: metrics_address is not an address"),
        ("metrics_address = 'a b:1'", "line 1: metrics_address is not an address"),
        ("metrics_address = 'localhost:65536'", "line 1: metrics_address is not an address"),
        ("metrics_address = '::1:9092'", "line 1: metrics_address is not an address"),
        ("metrics_address = '[]:9092'", "line 1: metrics_address is not an address"),
        ("background_fetch = true", "line 1: background_fetch is not a table"),
        ("[[background_fetch]]", "line 1: background_fetch is not a table"),
        ("[background_fetch]\ndisable = 'true'", "line 2: background_fetch.disable is not true or false"),
        ("[external_artifact_store]\nenable = 1", "line 2: external_artifact_store.enable is not true or false"),
        ("external_artifact_store.enable = true", "external_artifact_store.endpoint is not an http or https URL"),
        (
            "[external_artifact_store]\nendpoint = ''\nenable = true",
            "line 2: external_artifact_store.endpoint is not an http or https URL"
        ),
        (
            "[external_artifact_store]\nendpoint = 'unix:///run/a'",
            "line 2: external_artifact_store.endpoint is not an http or https URL"
        ),
        (
            "[external_artifact_store]\nendpoint = 'http://a/?b=c'",
            "line 2: external_artifact_store.endpoint is not an http or https URL"
        ),
        (
            "[external_artifact_store]\ntimeout_sec = 0",
            "line 2: external_artifact_store.timeout_sec is not a whole number from 1 to 60"
        ),
        (
            "[external_artifact_store]\ntimeout_sec = 61",
            "line 2: external_artifact_store.timeout_sec is not a whole number from 1 to 60"
        ),
        (
            "[external_artifact_store]\ntimeout_sec = 1.5",
            "line 2: external_artifact_store.timeout_sec is not a whole number from 1 to 60"
        ),
        (
            "[external_artifact_store]\ntoken_file = 'token'",
            "line 2: external_artifact_store.token_file is not the absolute path of a file"
        ),
        (
            "[external_artifact_store]\nnode_name = 'a b'",
            "line 2: external_artifact_store.node_name is not the name of a node such as"
        ),
        (
            "[external_artifact_store]\nplatform = 'linux'",
            "line 2: external_artifact_store.platform is not a platform such as"
        ),
        ("cache = { size = '0' }", "line 1: cache.size is not a size such as \"200G\""),
        ("[cache]\nsize = 200", "line 2: cache.size is not a size such as \"200G\""),
        ("[cache]\nsize = '1P'", "line 2: cache.size is not a size such as \"200G\""),
        ("[cache\n", "line 1: a header does not end"),
        ("a = 1\na = 2", "line 2: \"a\" is defined twice"),
    ])
    func refusesWrongValues(text: String, message: String) {
        let error = #expect(throws: HermesError.self) { try DaemonConfiguration.parse(Array(text.utf8)) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    /// A table that is unknown gets one warning, whatever it holds.
    @Test func warnsOfKeysWithoutEffect() throws {
        let text = """
            colour = 'red'
            mount_timeout_sec = 30
            [background_fetch]
            fetch_period_msec = 500
            disable = true
            "a b" = 1
            [fuse]
            attr_timeout = 1
            [made.up]
            x = 1
            y = 2
            [[hosts]]
            [[hosts]]
            """
        let (configuration, warnings) = try DaemonConfiguration.parse(Array(text.utf8))
        #expect(!configuration.fetchesInBackground)
        #expect(
            warnings.map { "\($0.key) \($0.line) \($0.reason == nil)" } == [
                "colour 1 true", "mount_timeout_sec 2 false", "fuse 7 false", "made 9 true", "hosts 12 true",
                "background_fetch.fetch_period_msec 4 false", "background_fetch.\"a b\" 6 true",
            ])
        #expect(Set(warnings.map(\.message)).count == 2)
    }

    /// The file that soci-snapshotter comes with: nothing in it is unknown.
    @Test func everyTableOfSociSnapshotterIsKnown() throws {
        let text = """
            http_cache_type = ""
            filesystem_cache_type = ""
            resolve_result_entry = 0
            debug = false
            disable_verification = false
            max_concurrency = 0
            no_prometheus = false
            mount_timeout_sec = 0
            fuse_metrics_emit_wait_duration_sec = 0
            metrics_address = ""
            metrics_network = ""
            debug_address = ""
            metadata_store = ""
            skip_check_snapshotter_supported = false
            [http]
            [blob]
            [directory_cache]
            [fuse]
            [background_fetch]
            disable = false
            silence_period_msec = 30000
            fetch_period_msec = 500
            max_queue_size = 100
            emit_metric_period_sec = 10
            [content_store]
            [cri_keychain]
            [kubeconfig_keychain]
            [resolver]
            [snapshotter]
            [pull_modes]
            [prefetch]
            """
        let (_, warnings) = try DaemonConfiguration.parse(Array(text.utf8))
        #expect(warnings.count == 28)
        #expect(warnings.filter { $0.reason == nil } == [])
    }

    @Test func aNamedFileHasToBeThere() throws {
        let folder = try TestFolder()
        let missing = #expect(throws: HermesError.self) { try DaemonConfiguration.read("\(folder.path)/config.toml") }
        #expect(missing?.code == .notFound)
        let path = try folder.write("config.toml", Array("[cache]\nsize = 1".utf8))
        let wrong = #expect(throws: HermesError.self) { try DaemonConfiguration.read(path) }
        #expect(
            wrong?.description
                == "cannot use the configuration \(path): line 2: cache.size is not a size such as \"200G\"")
        let large = try folder.write("large", [UInt8](repeating: 0x0a, count: DaemonConfiguration.sizeLimit + 1))
        #expect(throws: HermesError.self) { try DaemonConfiguration.read(large) }
        let right = try folder.write("right", Array(Self.whole.utf8))
        #expect(try DaemonConfiguration.read(right).configuration == parse(Self.whole))
    }
}

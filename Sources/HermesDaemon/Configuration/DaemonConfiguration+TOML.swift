import HermesSupport

extension DaemonConfiguration {
    /// The whole configuration as a TOML document that `read` reads: every key, also where it has its default.
    package var toml: String {
        """
        metrics_address = \(Self.quoted(metricsAddress?.description))

        [background_fetch]
        disable = \(!fetchesInBackground)

        [external_artifact_store]
        enable = \(artifactStore.isEnabled)
        endpoint = \(Self.quoted(artifactStore.endpoint?.text))
        timeout_sec = \(artifactStore.timeout)
        platform = \(Self.quoted(artifactStore.platform?.description))
        fallback_to_registry = \(artifactStore.fallsBackToRegistry)

        [cache]
        size = \(Self.quoted(cacheSize.map(ByteSize.text)))

        """
    }

    /// A basic string. No value has a control character: addresses, platforms and sizes have letters, digits and signs, and
    /// `HTTPURL` refuses them.
    private static func quoted(_ text: String?) -> String {
        "\"\((text ?? "").replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}

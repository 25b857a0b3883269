import HermesSupport

extension DaemonConfiguration {
    /// All settings in the order in which they are printed, their values as TOML; those of the root have no table.
    private var settings: [(table: String, key: String, value: String)] {
        let store = "external_artifact_store"
        return [
            ("", "metrics_address", Self.quoted(metricsAddress?.description)),
            ("background_fetch", "disable", "\(!fetchesInBackground)"),
            (store, "enable", "\(artifactStore.isEnabled)"),
            (store, "endpoint", Self.quoted(artifactStore.endpoint?.text)),
            (store, "timeout_sec", "\(artifactStore.timeout)"),
            (store, "platform", Self.quoted(artifactStore.platform?.description)),
            (store, "token_file", Self.quoted(artifactStore.tokenFile)),
            (store, "node_name", Self.quoted(artifactStore.nodeName?.description)),
            (store, "fallback_to_registry", "\(artifactStore.fallsBackToRegistry)"),
            ("cache", "size", Self.quoted(cacheSize.map(ByteSize.text))),
        ]
    }

    /// The whole configuration as a TOML document that `read` reads: every key, also where it has its default.
    package var toml: String {
        var text = ""
        var table = ""
        for setting in settings {
            if setting.table != table { text += "\n[\(setting.table)]\n" }
            table = setting.table
            text += "\(setting.key) = \(setting.value)\n"
        }
        return text
    }

    /// The settings that are others in `new`, in the order of `toml`.
    func changes(to new: Self) -> [ConfigurationChange] {
        zip(settings, new.settings).filter { $0.value != $1.value }.map { old, new in
            ConfigurationChange(
                key: old.table.isEmpty ? old.key : "\(old.table).\(old.key)", old: old.value, new: new.value)
        }
    }

    /// A basic string. No value has a control character: addresses, platforms, names and sizes have letters, digits and signs, and
    /// `HTTPURL` and paths refuse them.
    private static func quoted(_ text: String?) -> String {
        "\"\((text ?? "").replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}

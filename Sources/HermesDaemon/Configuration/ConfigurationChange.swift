/// A setting that a configuration has and another one has otherwise.
struct ConfigurationChange: Equatable {
    /// The dotted name.
    let key: String
    /// The values as TOML.
    let old: String
    let new: String

    /// Whether a daemon that runs takes the setting over. An address is taken once, at the start.
    var isReloadable: Bool { key != "metrics_address" }
}

/// The version of this build, as `hermes --version` and the User-Agent header give it.
public enum HermesVersion {
    /// A semantic version.
    public static let current = "0.1.0"
}

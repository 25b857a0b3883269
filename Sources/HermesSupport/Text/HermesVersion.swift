/// The version of this build, as `hermes --version` and the User-Agent header give it.
package enum HermesVersion {
    /// A semantic version.
    package static let current = "0.1.0"
}

/// The registry and repository that credentials are wanted for.
package struct CredentialScope: Sendable, Hashable {
    /// The registry or mirror as references name it: "docker.io", "localhost:5000".
    package var registry: String
    /// The repository; nil when it is not known.
    package var repository: String?
    /// Whether the registry refused the credentials that were found before, so that cached ones must not be used again.
    package var isRenewal: Bool

    /// Makes one.
    package init(registry: String, repository: String? = nil, isRenewal: Bool = false) {
        self.registry = registry
        self.repository = repository
        self.isRenewal = isRenewal
    }

    /// Registry and repository, joined as in a reference.
    var path: String { repository.map { "\(registry)/\($0)" } ?? registry }
}

import Glibc

/// Where credentials come from when a caller says nothing else, and how sources are put together.
public enum CredentialSources {
    /// Docker's config.json, then the auth.json of Podman, Buildah and Skopeo.
    public static let standard: CredentialLookup = first([DockerConfig.lookup, ContainersAuth.lookup])

    /// Asks one source after the other; the first that has credentials decides. A source that fails is passed by as long
    /// as another has some; otherwise its failure is thrown.
    public static func first(_ sources: [CredentialLookup]) -> CredentialLookup {
        { scope in
            var failure: (any Error)?
            for source in sources {
                do {
                    if let found = try source(scope) { return found }
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
            return nil
        }
    }

    /// An environment variable that is neither missing nor empty.
    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

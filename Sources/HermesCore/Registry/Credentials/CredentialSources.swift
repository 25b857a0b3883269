/// Where credentials come from when a caller says nothing else, and how sources are put together.
package enum CredentialSources {
    /// Docker's config.json, then the auth.json of Podman, Buildah and Skopeo.
    package static let standard: CredentialLookup = first([DockerConfig.lookup, ContainersAuth.lookup])

    /// Asks one source after the other; the first that has credentials decides. A source that fails is passed by as long
    /// as another has some; otherwise its failure is thrown.
    package static func first(_ sources: [CredentialLookup]) -> CredentialLookup {
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
}

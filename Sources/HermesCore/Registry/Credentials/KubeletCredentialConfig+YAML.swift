import HermesSupport

extension KubeletCredentialConfig {
    /// Takes the fields from a document. Throws `corrupt`, with the place, for one that is missing or of the wrong type; fields
    /// that are not known are passed by.
    init(_ document: YAML) throws {
        apiVersion = try document.member("apiVersion").string()
        kind = try document.member("kind").string()
        providers = try document.member("providers").list().map(Provider.init)
    }
}

extension KubeletCredentialConfig.Provider {
    fileprivate init(_ provider: YAML) throws {
        name = try provider.member("name").string()
        matchImages = try provider.member("matchImages").list().map { try $0.string() }
        defaultCacheDuration = try provider.member("defaultCacheDuration").string()
        apiVersion = try provider.member("apiVersion").string()
        args = try provider.optional("args")?.list().map { try $0.string() }
        env = try provider.optional("env")?.list().map(Variable.init)
    }
}

extension KubeletCredentialConfig.Provider.Variable {
    fileprivate init(_ variable: YAML) throws {
        name = try variable.member("name").string()
        // For a kubelet, null is an empty text.
        let value = try variable.member("value")
        self.value = value.isNull ? "" : try value.string()
    }
}

import HermesSupport

/// A kubelet's configuration of credential providers (kubelet.config.k8s.io, v1alpha1 to v1).
struct KubeletCredentialConfig {
    struct Provider {
        struct Variable {
            var name: String
            var value: String
        }
        var name: String
        var matchImages: [String]
        var defaultCacheDuration: String
        var apiVersion: String
        var args: [String]?
        var env: [Variable]?

        /// How long an answer is kept that does not say so itself.
        var cacheMilliseconds: Int { GoDuration.milliseconds(defaultCacheDuration) ?? 0 }
    }

    var apiVersion: String
    var kind: String
    var providers: [Provider]

    private static let versions = ["v1alpha1", "v1beta1", "v1"]

    /// Reads a configuration in YAML or JSON that `name` names in errors. Throws `corrupt`, and `unsupported` for a version of the
    /// API that is not known. Arguments and variables may be secrets and appear in no error.
    static func parse(_ bytes: [UInt8], name: String) throws -> KubeletCredentialConfig {
        let config = try KubeletCredentialConfig(YAML.parse(bytes, name: name))
        guard config.kind == "CredentialProviderConfig" else {
            throw HermesError(.corrupt, "\(name) is not a CredentialProviderConfig")
        }
        guard versions.contains(where: { config.apiVersion == "kubelet.config.k8s.io/\($0)" }) else {
            throw HermesError(
                .unsupported, "\(name) has the unknown version \"\(config.apiVersion.printable(60))\"")
        }
        for provider in config.providers {
            let title = "provider \"\(provider.name.printable(60))\" in \(name)"
            // It becomes a path.
            guard !["", ".", ".."].contains(provider.name),
                !provider.name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x2f || $0 == 0x7f })
            else { throw HermesError(.corrupt, "\(title) has a name that is not the name of a program") }
            guard versions.contains(where: { provider.apiVersion == "credentialprovider.kubelet.k8s.io/\($0)" })
            else {
                throw HermesError(
                    .unsupported, "\(title) wants the unknown version \"\(provider.apiVersion.printable(60))\"")
            }
            guard GoDuration.milliseconds(provider.defaultCacheDuration) != nil else {
                throw HermesError(.corrupt, "\(title) has a defaultCacheDuration that is not a duration")
            }
            let texts = (provider.args ?? []) + (provider.env ?? []).flatMap { [$0.name, $0.value] }
            guard !texts.contains(where: { $0.utf8.contains(0) }),
                !(provider.env ?? []).contains(where: { $0.name.isEmpty || $0.name.contains("=") })
            else { throw HermesError(.corrupt, "\(title) has arguments or variables that no program can have") }
        }
        return config
    }
}

/// The request to a provider (credentialprovider.kubelet.k8s.io).
struct CredentialProviderRequest: Encodable {
    var apiVersion: String
    var kind: String
    var image: String
}

/// The answer of a provider.
struct CredentialProviderResponse: Decodable {
    enum CacheKeyType: String, Decodable {
        case Image, Registry, Global
    }
    struct Auth: Decodable {
        var username: String?
        var password: String?
    }
    var apiVersion: String
    var kind: String
    var cacheKeyType: CacheKeyType
    var cacheDuration: String?
    var auth: [String: Auth]?
}

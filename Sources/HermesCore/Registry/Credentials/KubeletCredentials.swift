import FoundationEssentials
import HermesSupport
import Synchronization

/// The credentials of a kubelet's providers: programs that are asked for each image that their patterns match
/// (Kubernetes, "Configure a kubelet image credential provider").
///
/// Can be used from any thread. Answers are kept for as long as they or the configuration say.
package final class KubeletCredentials: Sendable {
    private let config: KubeletCredentialConfig
    private let folder: String
    private let cache = Mutex<[Key: Answer]>([:])

    /// The scope of an answer: an image, all of a registry, or everything.
    private struct Key: Hashable {
        let provider: String
        let kind: CredentialProviderResponse.CacheKeyType
        let name: String
    }

    private struct Answer {
        let auth: [String: CredentialProviderResponse.Auth]
        let until: ContinuousClock.Instant
    }

    /// The most answers that are kept.
    private static let cacheLimit = 1000

    /// Reads a CredentialProviderConfig in YAML or JSON. `programs` is the folder of the providers' programs. Throws `corrupt`
    /// for a file that is not valid, and as a file that cannot be read does.
    package init(configuration path: String, programs folder: String) throws {
        config = try KubeletCredentialConfig.parse(LocalFile.read(path, limit: 4 << 20), name: path)
        self.folder = folder
    }

    /// This as a source of credentials.
    package var lookup: CredentialLookup { { try self.credentials(for: $0) } }

    /// The credentials for an image, from the first provider that has some; nil when none has. Throws `denied` when a
    /// provider fails and no other has any. Blocks while programs run, each for up to a minute.
    package func credentials(for scope: CredentialScope) throws -> Credentials? {
        var failure: (any Error)?
        for provider in config.providers
        where provider.matchImages.contains(where: { ImageGlob($0).matches(scope.path) }) {
            do {
                if let found = Self.best(of: try answer(provider, scope), for: scope.path) { return found }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return nil
    }

    private func answer(
        _ provider: KubeletCredentialConfig.Provider, _ scope: CredentialScope
    ) throws -> [String: CredentialProviderResponse.Auth] {
        let keys = [
            Key(provider: provider.name, kind: .Image, name: scope.path),
            Key(provider: provider.name, kind: .Registry, name: scope.registry),
            Key(provider: provider.name, kind: .Global, name: ""),
        ]
        let kept = cache.withLock { cache -> Answer? in
            guard !scope.isRenewal else {
                for key in keys { cache[key] = nil }
                return nil
            }
            return keys.compactMap { cache[$0] }.first { .now < $0.until }
        }
        if let kept { return kept.auth }
        let response = try ask(provider, scope)
        let lifetime = response.cacheDuration.map { GoDuration.milliseconds($0) ?? 0 } ?? provider.cacheMilliseconds
        if lifetime > 0, let key = keys.first(where: { $0.kind == response.cacheKeyType }) {
            cache.withLock { cache in
                if cache.count >= Self.cacheLimit { cache = cache.filter { .now < $0.value.until } }
                if cache.count >= Self.cacheLimit { cache = [:] }
                cache[key] = Answer(auth: response.auth ?? [:], until: .now + .milliseconds(lifetime))
            }
        }
        return response.auth ?? [:]
    }

    private func ask(
        _ provider: KubeletCredentialConfig.Provider, _ scope: CredentialScope
    ) throws -> CredentialProviderResponse {
        let program = HelperProgram(
            program: "\(folder)/\(provider.name)", arguments: provider.args ?? [],
            environment: (provider.env ?? []).map { ($0.name, $0.value) }, timeLimit: 60_000)
        let request = CredentialProviderRequest(
            apiVersion: provider.apiVersion, kind: "CredentialProviderRequest", image: scope.path)
        let (status, output) = try program.run(input: JSON.encode(request))
        guard status == 0 else { throw program.failure("it failed (status \(status))") }
        guard let response = try? JSONDecoder().decode(CredentialProviderResponse.self, from: Data(output)),
            response.kind == "CredentialProviderResponse", response.apiVersion == provider.apiVersion
        else { throw program.failure("its answer is no CredentialProviderResponse of \(provider.apiVersion)") }
        return response
    }

    /// The entry whose pattern fits and says most.
    private static func best(
        of auth: [String: CredentialProviderResponse.Auth], for image: String
    ) -> Credentials? {
        let fitting = auth.filter { ImageGlob($0.key).matches(image) }
        // The longer key says more; of equals, always the same.
        let best = fitting.max { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }
        guard let entry = best?.value else { return nil }
        return .password(user: entry.username ?? "", password: entry.password ?? "")
    }
}

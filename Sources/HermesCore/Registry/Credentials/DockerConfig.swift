import FoundationEssentials
import HermesSupport

/// The credentials that `docker login` keeps: config.json with `auths`, `credHelpers` and `credsStore`.
package struct DockerConfig: Sendable {
    private struct File: Decodable {
        struct Entry: Decodable {
            var auth: String?
            var username: String?
            var password: String?
            var identitytoken: String?
        }
        var auths: [String: Entry]?
        var credHelpers: [String: String]?
        var credsStore: String?
    }

    private let file: File
    private let path: String

    /// Looks in $DOCKER_CONFIG/config.json, or else ~/.docker/config.json; a missing file means no credentials.
    package static let lookup: CredentialLookup = { scope in
        guard let path = defaultPath else { return nil }
        return try DockerConfig(path: path)?.credentials(for: scope)
    }

    private static var defaultPath: String? {
        let variable = EnvironmentVariable.value
        return variable("DOCKER_CONFIG").map { $0 + "/config.json" }
            ?? variable("HOME").map { $0 + "/.docker/config.json" }
    }

    /// Reads a config.json; nil when there is no such file. Throws when it cannot be read or is not valid.
    package init?(path: String) throws {
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read(path, limit: 4 << 20)
        } catch let error as HermesError where error.code == .notFound {
            return nil
        }
        file = try JSON.decode(File.self, from: bytes, name: path)
        self.path = path
    }

    /// Reads the value of a pull secret of Kubernetes, which `name` names in errors: a config.json, or with `isLegacy` (type
    /// kubernetes.io/dockercfg) the entries alone. Programs that a secret names are not run. Throws `corrupt`.
    package init(pullSecret bytes: [UInt8], isLegacy: Bool, name: String) throws {
        if isLegacy {
            file = File(auths: try JSON.decode([String: File.Entry].self, from: bytes, name: name))
        } else {
            file = File(auths: try JSON.decode(File.self, from: bytes, name: name).auths)
        }
        path = name
    }

    /// The credentials for an image: its helper's, the store's, or those in the file; the key with the longest part of
    /// the image's name decides, and one with wildcards (a pull secret may have such) only where no other does. Throws
    /// `denied` when a helper fails.
    package func credentials(for scope: CredentialScope) throws -> Credentials? {
        if let repository = scope.repository, let entry = entry(registry: scope.registry, repository: repository) {
            return try credentials(from: entry, registry: scope.path)
        }
        if let found = try credentials(for: scope.registry) { return found }
        let patterns = (file.auths ?? [:]).filter { $0.key.contains("*") }.sorted { $0.key > $1.key }
        return try patterns.first { ImageGlob($0.key).matches(scope.path) }
            .flatMap { try credentials(from: $0.value, registry: scope.registry) }
    }

    /// The entry for a part of the registry's repositories, as Podman writes them: "registry/team", "registry/team/image".
    private func entry(registry: String, repository: String) -> File.Entry? {
        var parts = repository.split(separator: "/")
        while !parts.isEmpty {
            if let entry = file.auths?["\(registry)/\(parts.joined(separator: "/"))"] { return entry }
            parts.removeLast()
        }
        return nil
    }

    /// The credentials for the whole of a registry. Throws `denied` when a helper fails.
    package func credentials(for registry: String) throws -> Credentials? {
        let names = Self.names(of: registry)
        let helper = names.lazy.compactMap { file.credHelpers?[$0] }.first ?? file.credsStore
        if let helper, !helper.isEmpty,
            let found = try CredentialHelper(helper).credentials(for: Self.helperName(of: registry))
        {
            return found
        }
        let entries = file.auths ?? [:]
        let entry =
            names.lazy.compactMap { entries[$0] }.first
            // Sorted, so that two keys for one host always give the same answer.
            ?? entries.sorted { $0.key < $1.key }.first { names.contains(Self.host(of: $0.key)) }?.value
        return try entry.flatMap { try credentials(from: $0, registry: registry) }
    }

    private func credentials(from entry: File.Entry, registry: String) throws -> Credentials? {
        if let token = entry.identitytoken, !token.isEmpty { return .identityToken(token) }
        if let auth = entry.auth, !auth.isEmpty {
            guard let data = Data(base64Encoded: auth), let colon = data.firstIndex(of: UInt8(ascii: ":"))
            else {
                throw HermesError(
                    .corrupt, "the entry for \(registry) in \(path) is not \"user:password\" in base64",
                    advice: "run docker login \(registry) again")
            }
            // Docker's files end in a NUL at times.
            let password = data[data.index(after: colon)...].filter { $0 != 0 }
            return .password(
                user: String(decoding: data[..<colon], as: UTF8.self),
                password: String(decoding: password, as: UTF8.self))
        }
        guard let user = entry.username, let password = entry.password, !user.isEmpty else { return nil }
        return .password(user: user, password: password)
    }

    /// The keys that mean a registry, best first; Docker Hub has several for historic reasons.
    private static func names(of registry: String) -> [String] {
        guard registry == Reference.dockerHub else { return [registry] }
        return ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"]
    }

    private static func helperName(of registry: String) -> String {
        registry == Reference.dockerHub ? "https://index.docker.io/v1/" : registry
    }

    /// The host of a key such as "https://registry.example/v2/". A key with any other path is for one namespace of the
    /// host (Podman's habit), and not for the whole.
    private static func host(of key: String) -> String {
        var rest = Substring(key)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        guard let slash = rest.firstIndex(of: "/") else { return String(rest) }
        let path = rest[slash...]
        return ["/", "/v1/", "/v1", "/v2/", "/v2"].contains(path) ? String(rest[..<slash]) : key
    }
}

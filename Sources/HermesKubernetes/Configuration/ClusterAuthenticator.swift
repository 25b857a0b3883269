import HermesHTTP
import HermesSupport
import Synchronization

/// Turns credentials into what a request needs, and renews it in time. Can be used from any thread.
final class ClusterAuthenticator: Sendable {
    /// What a request needs.
    struct Access: Sendable {
        let token: String?
        let settings: HTTPConnectionSettings
        /// Tells one renewal from the next.
        let number: Int
    }

    private struct State {
        var access: Access?
        /// When `access` has to be renewed; nil for never.
        var expiry: Monotonic?
        var renewal: Task<Access, any Error>?
        var renewals = 0
    }

    /// Milliseconds after which files are read again: a kubelet renews a token long before its end, and client-go reads
    /// it once a minute.
    static let fileLifetime = 30_000

    private let configuration: ClusterConfiguration
    private let now: @Sendable () -> Monotonic
    private let state = Mutex(State())

    /// `now` is the clock that decides when files are read again.
    init(_ configuration: ClusterConfiguration, now: @escaping @Sendable () -> Monotonic = { .now() }) {
        self.configuration = configuration
        self.now = now
    }

    /// What a request needs now; one renewal serves all that ask meanwhile. Throws `denied` when a program gives no
    /// credentials, `corrupt` when they are not what they should be, `interrupted` when the task is cancelled, and as a
    /// file that cannot be read does.
    func access() async throws -> Access {
        let (access, renewal) = state.withLock { state in
            if let access = state.access, state.expiry.map({ now() < $0 }) ?? true {
                return (access as Access?, nil as Task<Access, any Error>?)
            }
            let renewal = state.renewal ?? Task.detached { try await self.renew() }
            state.renewal = renewal
            return (nil, renewal)
        }
        if let access { return access }
        guard let renewal else { throw HermesError(.system, "there are no credentials and no renewal") }
        return try await Self.value(of: renewal)
    }

    /// What a renewal gives. A caller with a deadline, such as the holder of a lease, must not wait for a program that
    /// hangs: `Task.value` goes on waiting when its caller is cancelled, a stream does not.
    private static func value(of renewal: Task<Access, any Error>) async throws -> Access {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Access.self)
        Task.detached {
            do {
                continuation.yield(try await renewal.value)
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        for try await access in stream { return access }
        throw HermesError(.interrupted, "the wait for credentials was cancelled")
    }

    /// Forgets what a server refused. False when asking again would give the same.
    func refused(_ access: Access) -> Bool {
        switch configuration.credentials {
        case .none, .token, .certificate(.bytes, key: .bytes): return false
        case .tokenFile, .certificate, .plugin: break
        }
        state.withLock { state in
            if state.access?.number == access.number { state.access = nil }
        }
        return true
    }

    private func renew() async throws -> Access {
        let result: Result<(identity: Identity, lifetime: Int?), any Error>
        do { result = .success(try await identity()) } catch { result = .failure(error) }
        return try state.withLock { state in
            state.renewal = nil
            if case .failure(let error) = result {
                // A file that cannot be read for a moment is no reason to stop; a token that ran out is refused.
                guard case .tokenFile = configuration.credentials, let access = state.access else {
                    state.access = nil
                    throw error
                }
                state.expiry = now().adding(milliseconds: Self.fileLifetime)
                return access
            }
            let (identity, lifetime) = try result.get()
            state.renewals += 1
            let settings = HTTPConnectionSettings(
                authorities: configuration.authorities, client: identity.client, verifies: configuration.verifies,
                proxy: configuration.proxy)
            let access = Access(token: identity.token, settings: settings, number: state.renewals)
            state.access = access
            state.expiry = lifetime.map { now().adding(milliseconds: $0) }
            return access
        }
    }
}

extension ClusterAuthenticator {
    struct Identity: Sendable {
        var token: String?
        var client: HTTPClientCertificate?
    }

    /// The identity as it is now, and for how many milliseconds it lasts; nil for ever.
    private func identity() async throws -> (identity: Identity, lifetime: Int?) {
        switch configuration.credentials {
        case .none: return (Identity(), nil)
        case .token(let token): return (Identity(token: try Self.checked(token, from: "the token")), nil)
        case .tokenFile(let path):
            let bytes = try LocalFile.read(path, limit: 64 << 10)
            let token = String(decoding: bytes, as: UTF8.self).trimmingASCIISpace
            return (Identity(token: try Self.checked(token, from: path)), Self.fileLifetime)
        case .certificate(let certificate, let key):
            let client = HTTPClientCertificate.pem(certificate: try certificate.read(), key: try key.read())
            if case (.bytes, .bytes) = (certificate, key) { return (Identity(client: client), nil) }
            return (Identity(client: client), Self.fileLifetime)
        case .plugin(let plugin):
            let configuration = configuration
            let status = try await SystemThread.run("hermes-login") { try plugin.run(for: configuration) }
            return try Self.identity(status, of: plugin, now: .now())
        }
    }

    /// What a program's answer means. Its times are of the machine's clock, as it is at `now`.
    static func identity(
        _ status: ExecPlugin.Answer.Status, of plugin: ExecPlugin, now: Timestamp
    ) throws -> (identity: Identity, lifetime: Int?) {
        var identity = Identity()
        if let token = status.token, !token.isEmpty {
            identity.token = try checked(token, from: "the token of \(plugin)")
        }
        if let certificate = status.clientCertificateData, !certificate.isEmpty, let key = status.clientKeyData {
            identity.client = .pem(certificate: Array(certificate.utf8), key: Array(key.utf8))
        }
        guard let text = status.expirationTimestamp else { return (identity, nil) }
        guard let end = Array(text.utf8).withUnsafeBytes(RFC3339.parse) else {
            throw HermesError(.denied, "the credentials of \(plugin) have an end that is not a time of RFC 3339")
        }
        // A little before the end, as a request takes time; and never at once again, whatever the program says.
        let seconds = min(max(end.seconds - now.seconds - 5, 1), 86_400)
        return (identity, Int(seconds) * 1000)
    }

    /// A token that can stand in a header. The error does not have it.
    private static func checked(_ token: String, from source: String) throws -> String {
        guard !token.isEmpty, token.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else {
            throw HermesError(.corrupt, "\(source.printable(300)) is not a token: it is empty or has other characters")
        }
        return token
    }
}

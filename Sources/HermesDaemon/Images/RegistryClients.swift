import HermesCore
import HermesHTTP
import HermesSupport
import Synchronization

/// One client for each registry, over one HTTP client: what is known of a registry's hosts holds for all its images.
///
/// Safe for use from any thread.
final class RegistryClients: Sendable {
    /// Milliseconds after which a registry's configuration (hosts.toml) is read again for the next image.
    private static let life = 60_000.0

    private struct Known {
        let client: RegistryClient
        let made: Monotonic
    }

    private let http: HTTPClient
    private let known = Mutex<[String: Known]>([:])

    init(_ http: HTTPClient) { self.http = http }

    /// Where the layers of an image come from. Throws as `RegistryClient` does.
    func source(_ reference: Reference) throws -> RegistrySource {
        let now = Monotonic.now()
        if let found = known.withLock({ $0[reference.registry] }), now.milliseconds(since: found.made) < Self.life {
            return RegistrySource(client: found.client, reference: reference)
        }
        let client = try RegistryClient(for: reference, http: http)
        known.withLock { $0[reference.registry] = Known(client: client, made: now) }
        return RegistrySource(client: client, reference: reference)
    }

    /// Cancels all that is under way.
    func close() { http.close() }
}

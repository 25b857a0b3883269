import HermesCore
import HermesSupport
import Synchronization

/// A secret in a file, which may change, as Kubernetes changes the file of a Secret that is mounted.
///
/// Safe for use from any thread; blocks on the file.
final class SharedSecret: Sendable {
    /// The longest secret, in bytes.
    private static let limit = 4096
    /// Milliseconds for which the secret is not read again.
    private static let freshness = 1000

    private let path: String
    private let last = Mutex<(digest: Digest, until: Monotonic)?>(nil)

    init(_ path: String) { self.path = path }

    /// Whether `token` is the secret. Takes as long for any token of the same length: the digests of both are compared, and as
    /// a whole. Throws the error of the file, and `corrupt` for one that holds no secret.
    func isEqual(to token: String) throws -> Bool {
        let secret = try digest().words
        let given = Digest.of(Array(token.utf8)).words
        let difference =
            (secret.0 ^ given.0) | (secret.1 ^ given.1) | (secret.2 ^ given.2) | (secret.3 ^ given.3)
        return difference == 0
    }

    private func digest() throws -> Digest {
        let now = Monotonic.now()
        if let last = last.withLock({ $0 }), now < last.until { return last.digest }
        let text = String(decoding: try LocalFile.read(path, limit: Self.limit), as: UTF8.self).trimmingASCIISpace
        guard !text.isEmpty else { throw HermesError(.corrupt, "the file \(path) holds no secret") }
        let digest = Digest.of(Array(text.utf8))
        last.withLock { $0 = (digest, now.adding(milliseconds: Self.freshness)) }
        return digest
    }
}

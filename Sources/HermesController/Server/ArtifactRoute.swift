import HermesCore
import HermesSupport

/// What a request asks for. Pure.
///
/// The path is compared byte by byte as it was sent: nothing is decoded but the digest of a blob, so that no spelling of a path
/// leads anywhere else.
enum ArtifactRoute: Equatable {
    case health, readiness, metrics, resolve, artifacts
    /// A blob; nil where the path holds no digest.
    case blob(Digest?)
    case unknown

    /// The route of a request's target, and its query, which may be empty.
    static func parse(_ target: String) -> (route: ArtifactRoute, query: Substring) {
        let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let query = end == target.endIndex ? "" : target[target.utf8.index(after: end)...]
        return (ArtifactRoute(target[..<end]), query)
    }

    private init(_ path: Substring) {
        switch path {
        case "/v1/indexes/resolve": self = .resolve
        case "/healthz": self = .health
        case "/readyz": self = .readiness
        case "/metrics": self = .metrics
        case "/v1/artifacts": self = .artifacts
        case _ where path.utf8.starts(with: Self.blobs.utf8):
            // The colon of a digest may be sent as %3A.
            let digest = PercentEncoding.decode(path.utf8.dropFirst(Self.blobs.utf8.count))
            self = .blob(digest.flatMap { Digest.parse($0.utf8) })
        default: self = .unknown
        }
    }

    private static let blobs = "/v1/blobs/"

    /// Whether the route needs no token: a kubelet has none when it asks whether the process lives.
    var isOpen: Bool { self == .health || self == .readiness }
}

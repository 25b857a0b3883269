@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

extension FuzzTarget {
    /// Manifests, indexes of manifests, image configurations and token answers.
    static let manifest = FuzzTarget(name: "manifest") { bytes in
        let document = Array(bytes)
        if let config = try? ImageConfig.parse(document, name: "config") {
            _ = Platform.host.rank(of: config.platform)
        }
        let head = HTTPHead(status: 200, headers: [], url: try HTTPURL("https://auth.example/token"))
        _ = try? TokenExchange.read(
            HTTPResponse(head: head, body: document), registry: "registry.example", hasCredentials: false)
        switch try ManifestDocument.parse(document, name: "manifest") {
        case .manifest(let manifest):
            let again = try ManifestDocument.parse(JSON.encode(manifest), name: "manifest")
            check(again == .manifest(manifest), "a manifest is another when read again")
        case .index(let index):
            for manifest in index.manifests { _ = manifest.platform.flatMap { Platform.host.rank(of: $0) } }
        }
    }
}

@testable import HermesHTTP
@testable import HermesKubernetes
@testable import HermesSupport

extension FuzzTarget {
    /// A kubeconfig, and the cluster that it leads to.
    static let kubeconfig = FuzzTarget(name: "kubeconfig") { bytes in
        let path = FuzzFiles.file(bytes)
        let configuration = try ClusterConfiguration.kubeconfig(path, context: nil) { _ in nil }
        let server = configuration.server
        check(server.scheme == "https" || server.scheme == "http", "the server is spoken to by \(server.scheme)")
        check(!server.hasQuery, "the server has a query")
        check(!configuration.namespace.isEmpty, "a namespace without a name")
        switch configuration.credentials {
        case .token(let token): check(!token.isEmpty, "an empty token")
        case .tokenFile(let path): check(path.hasPrefix("/"), "the path \(path) is relative")
        case .plugin(let plugin): check(ExecPlugin.versions.contains(plugin.apiVersion), plugin.apiVersion)
        case .certificate, .none: break
        }
    }
}

import HermesHTTP
import HermesSupport

extension ClusterConfiguration {
    /// The configuration that a kubelet gives every container of a Pod: variables for the server, a folder for the
    /// account (Kubernetes, "Accessing the Kubernetes API from a Pod").
    package static func inCluster() throws -> ClusterConfiguration {
        try inCluster(
            account: "/var/run/secrets/kubernetes.io/serviceaccount", variable: EnvironmentVariable.value)
    }

    /// The same with another folder for the account and another environment. Throws `notFound` outside of a Pod, and
    /// for a Pod without an account.
    static func inCluster(
        account folder: String, variable: (String) -> String?
    ) throws -> ClusterConfiguration {
        guard let host = variable("KUBERNETES_SERVICE_HOST"), let port = variable("KUBERNETES_SERVICE_PORT") else {
            throw HermesError(
                .notFound, "this is not a Pod: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set",
                advice: "name a kubeconfig")
        }
        let server = try HTTPURL("https://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        let token = "\(folder)/token"
        // A Pod without an account has no such file, which should be said now and not with the first call.
        _ = try LocalFile.read(token, limit: fileLimit)
        let namespace = try? LocalFile.read("\(folder)/namespace", limit: 4096)
        return ClusterConfiguration(
            server: server, authorities: try LocalFile.read("\(folder)/ca.crt", limit: fileLimit),
            namespace: namespace.map { String(decoding: $0, as: UTF8.self).trimmingASCIISpace } ?? "default",
            credentials: .tokenFile(token))
    }
}

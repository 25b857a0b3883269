import HermesHTTP
import HermesSupport

extension ClusterConfiguration {
    /// The configuration of a kubeconfig: of the file `path`, else of the files that KUBECONFIG names with a colon
    /// between them, else of ~/.kube/config. `context` names the context; nil takes the current one. Throws `notFound`
    /// when the file or a part of it is missing, `corrupt` when it is not valid, `unsupported` for what Hermes cannot
    /// do.
    package static func kubeconfig(_ path: String? = nil, context: String? = nil) throws -> ClusterConfiguration {
        try kubeconfig(path, context: context, variable: EnvironmentVariable.value)
    }

    /// The same with another environment.
    static func kubeconfig(
        _ path: String?, context: String?, variable: (String) -> String?
    ) throws -> ClusterConfiguration {
        let files: [String]
        if let path {
            files = [path]
        } else if let list = variable("KUBECONFIG") {
            files = list.split(separator: ":").map(String.init)
        } else if let home = variable("HOME") {
            files = ["\(home)/.kube/config"]
        } else {
            throw HermesError(.notFound, "there is no kubeconfig: neither KUBECONFIG nor HOME is set")
        }
        let config = try Kubeconfig(files: files)
        guard let name = context ?? config.currentContext else {
            throw HermesError(.notFound, "the kubeconfig has no current-context", advice: "name a context")
        }
        let chosen = try config.context(name)
        guard let cluster = try chosen.text("cluster") else {
            throw HermesError(.corrupt, "the context \"\(name.printable(100))\" names no cluster")
        }
        var configuration = try server(config.cluster(cluster))
        if let namespace = try chosen.text("namespace") { configuration.namespace = namespace }
        if let user = try chosen.text("user") { configuration.credentials = try credentials(config.user(user)) }
        return configuration
    }

    private static func server(_ cluster: Kubeconfig.Entry) throws -> ClusterConfiguration {
        guard try cluster.text("tls-server-name") == nil else {
            throw HermesError(
                .unsupported, "\(cluster.value.document) has a tls-server-name, which Hermes cannot check",
                advice: "name the server in \"server\" as its certificate does")
        }
        guard let server = try cluster.text("server") else {
            throw HermesError(
                .corrupt, "\(cluster.value.document) is not valid: \(cluster.value.path).server is missing")
        }
        // client-go takes a server without a scheme for one with TLS when there are settings of TLS; here it always is.
        let url = try HTTPURL(server.contains("://") ? server : "https://\(server)")
        guard !url.hasQuery else {
            throw HermesError(.corrupt, "\(url.display) has a query, so it is not an API server")
        }
        return ClusterConfiguration(
            server: url,
            authorities: try pem(cluster, data: "certificate-authority-data", file: "certificate-authority")?.read(),
            verifies: try !cluster.isTrue("insecure-skip-tls-verify"),
            proxy: try cluster.text("proxy-url").map { try HTTPProxy($0, from: "proxy-url") })
    }

    /// Of a certificate, a token's file, a token and a program the first that is there counts: an API server looks at a
    /// certificate first, and client-go prefers the file.
    private static func credentials(_ user: Kubeconfig.Entry) throws -> ClusterCredentials {
        let document = user.value.document
        for key in ["username", "password", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"]
        where try user.value.optional(key) != nil {
            throw HermesError(
                .unsupported, "\(document) has a user with \(key), which Hermes cannot do",
                advice: "use a token, a client certificate or an exec program")
        }
        let certificate = try pem(user, data: "client-certificate-data", file: "client-certificate")
        let key = try pem(user, data: "client-key-data", file: "client-key")
        switch (certificate, key) {
        case (let certificate?, let key?): return .certificate(certificate, key: key)
        case (nil, nil): break
        default: throw HermesError(.corrupt, "\(document) has a user with only one of client certificate and key")
        }
        if let path = try user.path("tokenFile") { return .tokenFile(path) }
        if let token = try user.text("token") { return .token(token) }
        if let exec = try user.value.optional("exec") { return .plugin(try plugin(exec, user)) }
        return .none
    }

    private static func plugin(_ exec: YAML, _ user: Kubeconfig.Entry) throws -> ExecPlugin {
        let version = try exec.member("apiVersion").string()
        guard ExecPlugin.versions.contains(version) else {
            throw HermesError(
                .unsupported, "\(exec.document) wants \(version.printable(100)) of a program",
                advice: "Hermes speaks \(ExecPlugin.versions.joined(separator: " and "))")
        }
        guard try exec.optional("interactiveMode")?.string() != "Always" else {
            throw HermesError(.unsupported, "\(exec.document) has a program that needs a terminal")
        }
        let command = try exec.member("command").string()
        return ExecPlugin(
            // A name without a slash is searched on PATH.
            command: command.contains("/") ? user.absolute(command) : command,
            arguments: try exec.optional("args")?.list().map { try $0.string() } ?? [],
            environment: try exec.optional("env")?.list().map {
                (try $0.member("name").string(), try $0.member("value").string())
            } ?? [],
            apiVersion: version,
            providesCluster: try exec.optional("provideClusterInfo")?.bool() ?? false)
    }

    /// A certificate or key as base64 or in a file; the former counts where there are both, as with kubectl.
    private static func pem(_ entry: Kubeconfig.Entry, data: String, file: String) throws -> PEMSource? {
        guard let text = try entry.text(data) else { return try entry.path(file).map { .file($0) } }
        guard let bytes = Base64.decode(text) else {
            throw HermesError(
                .corrupt, "\(entry.value.document) is not valid: \(entry.value.path).\(data) is not base64")
        }
        return .bytes(bytes)
    }
}

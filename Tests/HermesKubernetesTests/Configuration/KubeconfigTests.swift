import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// Against Kubernetes, "Organizing Cluster Access Using kubeconfig Files".
@Suite struct KubeconfigTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    /// A kubeconfig with one cluster, user and context.
    private func write(_ name: String = "config", cluster: String = "server: https://k8s.example:6443", user: String)
        throws -> String
    {
        let text = """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {\(cluster)}}]
            users: [{name: u, user: {\(user)}}]
            contexts: [{name: x, context: {cluster: c, user: u, namespace: team}}]
            current-context: x
            """
        return try folder.write(name, Array(text.utf8))
    }

    private func read(cluster: String = "server: https://k8s.example:6443", user: String = "") throws
        -> ClusterConfiguration
    { try .kubeconfig(write(cluster: cluster, user: user)) }

    @Test func readsTheCluster() throws {
        let configuration = try read(
            cluster:
                "server: https://k8s.example:6443/prefix, certificate-authority-data: UEVN, proxy-url: http://p:3128")
        #expect(configuration.server.text == "https://k8s.example:6443/prefix")
        #expect(configuration.authorities == Array("PEM".utf8))
        #expect(configuration.verifies)
        #expect(configuration.proxy?.server == "http://p:3128")
        #expect(configuration.namespace == "team")
        guard case .none = configuration.credentials else {
            Issue.record("\(configuration.credentials)")
            return
        }
    }

    @Test func verificationIsOffOnlyWhereTheFileSaysSo() throws {
        #expect(try read(cluster: "server: https://k, insecure-skip-tls-verify: false").verifies)
        #expect(try !read(cluster: "server: https://k, insecure-skip-tls-verify: true").verifies)
    }

    @Test func pathsAreRelativeToTheFile() throws {
        _ = try folder.write("ca.crt", Array("authority".utf8))
        let configuration = try read(
            cluster: "server: https://k, certificate-authority: ca.crt",
            user: "client-certificate: a/b.crt, client-key: /c.key")
        #expect(configuration.authorities == Array("authority".utf8))
        guard case .certificate(.file(let certificate), key: .file(let key)) = configuration.credentials else {
            Issue.record("\(configuration.credentials)")
            return
        }
        #expect([certificate, key] == ["\(folder.path)/a/b.crt", "/c.key"])
    }

    @Test func dataCountsMoreThanAFile() throws {
        let configuration = try read(
            user:
                "client-certificate: x, client-certificate-data: \"Q0VS\\nVA==\", client-key: y, client-key-data: S0VZ")
        guard case .certificate(.bytes(let certificate), key: .bytes(let key)) = configuration.credentials else {
            Issue.record("\(configuration.credentials)")
            return
        }
        #expect([certificate.text, key.text] == ["CERT", "KEY"])
    }

    @Test func readsTokens() throws {
        guard case .token("secret") = try read(user: "token: secret").credentials else {
            Issue.record("not the token")
            return
        }
        guard case .tokenFile(let path) = try read(user: "token: secret, tokenFile: file").credentials else {
            Issue.record("not the file")
            return
        }
        #expect(path == "\(folder.path)/file")
    }

    @Test(arguments: [("./login", true), ("login", false), ("/bin/login", false)])
    func readsPrograms(command: String, isRelative: Bool) throws {
        let configuration = try read(
            user: """
                exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: \(command), args: [a, "b c"],
                  env: [{name: N, value: v}], interactiveMode: IfAvailable, provideClusterInfo: true}
                """)
        guard case .plugin(let plugin) = configuration.credentials else {
            Issue.record("\(configuration.credentials)")
            return
        }
        #expect(plugin.command == (isRelative ? "\(folder.path)/\(command)" : command))
        #expect(plugin.arguments == ["a", "b c"])
        #expect(plugin.environment.map(\.name) == ["N"])
        #expect(plugin.apiVersion == "client.authentication.k8s.io/v1beta1")
        #expect(plugin.providesCluster)
    }

    @Test func theFirstOfSeveralFilesCounts() throws {
        let first = try write("first", user: "token: one")
        let text = """
            clusters: [{name: c, cluster: {server: "https://other"}}, {name: d, cluster: {server: "https://second"}}]
            contexts: [{name: y, context: {cluster: d, user: u}}]
            current-context: y
            """
        let second = try folder.write("second", Array(text.utf8))
        func read(_ context: String?) throws -> ClusterConfiguration {
            try .kubeconfig(nil, context: context) { $0 == "KUBECONFIG" ? "/nowhere:\(first)::\(second)" : nil }
        }
        #expect(try read(nil).server.host == "k8s.example")
        let other = try read("y")
        #expect(other.server.host == "second")
        #expect(other.namespace == "default")
        guard case .token("one") = other.credentials else {
            Issue.record("\(other.credentials)")
            return
        }
    }

    @Test func theHomeFolderHasTheLast() throws {
        let text = "clusters: [{name: c, cluster: {server: k}}]\ncontexts: [{name: x, context: {cluster: c}}]"
        try TestProcess.run(["mkdir", "\(folder.path)/.kube"])
        _ = try folder.write(".kube/config", Array(text.utf8))
        let configuration = try ClusterConfiguration.kubeconfig(nil, context: "x") {
            $0 == "HOME" ? folder.path : nil
        }
        #expect(configuration.server.text == "https://k/")
    }

    @Test(arguments: [
        ("server: https://k, tls-server-name: other", "", HermesError.Code.unsupported, "tls-server-name"),
        ("server: https://k?a=b", "", .corrupt, "query"),
        ("proxy-url: http://p", "", .corrupt, "server"),
        ("server: https://k, certificate-authority-data: \"*\"", "", .corrupt, "base64"),
        ("server: https://k, certificate-authority: missing", "", .notFound, "missing"),
        ("server: https://k", "username: u, password: hunter2", .unsupported, "username"),
        ("server: https://k", "as: somebody", .unsupported, "as"),
        ("server: https://k", "auth-provider: {name: gcp}", .unsupported, "auth-provider"),
        ("server: https://k", "client-key-data: aHVudGVyMg==", .corrupt, "only one"),
        (
            "server: https://k", "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}", .unsupported,
            "v1alpha1"
        ),
        (
            "server: https://k",
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
            .unsupported, "terminal"
        ),
        ("server: https://k", "exec: {apiVersion: client.authentication.k8s.io/v1}", .corrupt, "command"),
    ])
    func refusesWhatItCannotDo(cluster: String, user: String, code: HermesError.Code, word: String) {
        let error = #expect(throws: HermesError.self) { try read(cluster: cluster, user: user) }
        #expect(error?.code == code)
        #expect(error.map { "\($0)".contains(word) } == true, "\(String(describing: error))")
        #expect(error.map { "\($0)".contains("hunter2") || "\($0)".contains("aHVudGVyMg") } == false)
    }

    @Test func saysWhatIsMissing() throws {
        let path = try write(user: "")
        for (path, context) in [("/nowhere/config", nil), (path, "other")] as [(String, String?)] {
            let error = #expect(throws: HermesError.self) {
                try ClusterConfiguration.kubeconfig(path, context: context)
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func noDescriptionHasASecret() throws {
        for user in ["token: hunter2", "client-certificate-data: aHVudGVyMg==, client-key-data: aHVudGVyMg=="] {
            let configuration = try read(user: user)
            var dumped = ""
            dump(configuration, to: &dumped)
            let text = "\(configuration) \(String(reflecting: configuration)) \(dumped)"
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"), "the bytes of a key: \(text)")
        }
    }
}

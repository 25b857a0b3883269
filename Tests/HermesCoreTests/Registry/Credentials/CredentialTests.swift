import Glibc
import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct CredentialTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test(arguments: [
        ("r.io", "team/app", "app"), ("r.io", "team/other", "team"), ("r.io", "else", "whole"),
        ("r.io", "team", "team"), ("r.io", "teams/app", "whole"), ("docker.io", "library/x", "hub"),
        ("other.io", "team/app", nil),
    ])
    func theLongestKeyDecides(registry: String, repository: String, user: String?) throws {
        let json = """
            {"auths": {"r.io": {"username": "whole", "password": "p"}, "r.io/team": {"username": "team", "password": "p"},
            "r.io/team/app": {"username": "app", "password": "p"}, "docker.io": {"username": "hub", "password": "p"}}}
            """
        let path = try folder.write("auth.json", Array(json.utf8))
        let found = try DockerConfig(path: path)?.credentials(
            for: CredentialScope(registry: registry, repository: repository))
        #expect(found == user.map { .password(user: $0, password: "p") })
    }

    @Test func sourcesFollowOneAnother() throws {
        let scope = CredentialScope(registry: "r.io")
        let failure = HermesError(.denied, "no")
        let failing: CredentialLookup = { _ in throw failure }
        let found = Credentials.identityToken("t")
        #expect(try CredentialSources.first([{ _ in nil }, failing, { _ in found }])(scope) == found)
        #expect(try CredentialSources.first([{ _ in nil }, { _ in nil }])(scope) == nil)
        #expect(throws: HermesError.self) { try CredentialSources.first([failing, { _ in nil }])(scope) }
    }

    @Test(arguments: [
        ("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu.amazonaws.com/a", true), ("*.io", "a.k8s.io/x", false),
        ("*.*.io", "a.k8s.io/x", true), ("app*.k8s.io", "app1.k8s.io/x", true), ("*.k8s.io", "k8s.io/x", false),
        ("r.io:8080/path", "r.io:8080/path/x", true), ("r.io:8080/path", "r.io:8080/other", false),
        ("r.io", "r.io:8080/x", false), ("r.io/a", "r.io/ab", true), ("https://r.io", "r.io/x", true),
        ("*", "localhost/x", true), ("[::1]:5000", "[::1]:5000/x", true), ("", "r.io/x", false),
        ("a*b*c.io", "aXbYc.io/x", true), ("a*b*c.io", "aXbY.io/x", false),
    ])
    func globs(pattern: String, image: String, matches: Bool) {
        #expect(ImageGlob(pattern).matches(image) == matches)
    }

    @Test func hostileGlobsEnd() {
        let pattern = String(repeating: "*a", count: 2000) + "b"
        #expect(!ImageGlob(pattern).matches(String(repeating: "a", count: 5000)))
    }

    /// A provider that counts its calls, notes its request, and answers with `answer`.
    private func kubelet(
        _ answer: String, version: String = "v1", config: String = "v1", script: String = ""
    ) throws -> KubeletCredentials {
        let program = """
            #!/bin/sh
            cat >> \(folder.path)/requests
            echo "$1 $TEST" >> \(folder.path)/calls
            \(script)
            cat \(folder.path)/answer
            """
        _ = try folder.write("answer", Array(answer.utf8))
        let file = try AtomicFile(in: folder.path)
        try Array(program.utf8).withUnsafeBytes { try file.write($0) }
        try file.commit(to: "\(folder.path)/provider", mode: 0o755)
        let json = """
            {"apiVersion": "kubelet.config.k8s.io/\(config)", "kind": "CredentialProviderConfig", "providers": [{
              "name": "provider", "matchImages": ["*.io", "r.net/team"], "defaultCacheDuration": "10m", "args": ["get"],
              "apiVersion": "credentialprovider.kubelet.k8s.io/\(version)", "env": [{"name": "TEST", "value": "here"}]}]}
            """
        let path = try folder.write("config.json", Array(json.utf8))
        return try KubeletCredentials(configuration: path, programs: folder.path)
    }

    private func answer(_ kind: String, version: String = "v1", duration: String? = nil) -> String {
        let lifetime = duration.map { ", \"cacheDuration\": \"\($0)\"" } ?? ""
        return """
            {"kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/\(version)",
            "cacheKeyType": "\(kind)"\(lifetime),
            "auth": {"*.io": {"username": "any", "password": "p"}, "a.io/x": {"username": "one", "password": "q"}}}
            """
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try LocalFile.read("\(folder.path)/\(name)", limit: 1 << 20), as: UTF8.self)
    }

    @Test(arguments: [("v1", "v1"), ("v1beta1", "v1beta1"), ("v1alpha1", "v1"), ("v1", "v1alpha1")])
    func providersAreAsked(version: String, config: String) async throws {
        let kubelet = try kubelet(answer("Image", version: version), version: version, config: config)
        let (one, other, none) = try await onBlockingThread {
            (
                try kubelet.lookup(CredentialScope(registry: "a.io", repository: "x/y")),
                try kubelet.lookup(CredentialScope(registry: "b.io", repository: "x")),
                try kubelet.lookup(CredentialScope(registry: "b.net", repository: "x"))
            )
        }
        #expect(one == .password(user: "one", password: "q"))
        #expect(other == .password(user: "any", password: "p"))
        #expect(none == nil)
        #expect(try text("calls") == "get here\nget here\n")
        let request = "{\"apiVersion\":\"credentialprovider.kubelet.k8s.io/\(version)\","
        #expect(try text("requests").hasPrefix(request))
        #expect(try text("requests").contains("\"image\":\"a.io/x/y\""))
    }

    @Test(
        arguments: [
            ("Image", nil, 3), ("Registry", nil, 2), ("Global", nil, 1), ("Global", "0s", 5), ("Registry", "1h", 2),
        ] as [(String, String?, Int)])
    func answersAreKeptAsTheySay(kind: String, duration: String?, calls: Int) async throws {
        let kubelet = try kubelet(answer(kind, duration: duration))
        try await onBlockingThread {
            for (registry, repository) in [("a.io", "x"), ("a.io", "x"), ("a.io", "y"), ("b.io", "x"), ("b.io", "x")] {
                _ = try kubelet.lookup(CredentialScope(registry: registry, repository: repository))
            }
        }
        #expect(try text("calls").split(separator: "\n").count == calls)
        // What a registry refused is not given again.
        _ = try await onBlockingThread {
            try kubelet.lookup(CredentialScope(registry: "a.io", repository: "x", isRenewal: true))
        }
        #expect(try text("calls").split(separator: "\n").count == calls + 1)
    }

    @Test(arguments: [
        ("hunter2", ""), ("{}", ""), ("{\"kind\": \"CredentialProviderResponse\", \"cacheKeyType\": \"hunter2\"}", ""),
        ("", "echo hunter2; exit 3"), ("", "kill -9 $$"), ("", "yes hunter2"),
    ])
    func providersThatFailKeepTheirSecret(answer: String, script: String) async throws {
        let kubelet = try kubelet(answer, script: script)
        let error = await #expect(throws: HermesError.self) {
            try await onBlockingThread { try kubelet.lookup(CredentialScope(registry: "a.io", repository: "x")) }
        }
        #expect(error?.code == .denied)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func aProgramThatClosesItsOutputAndStaysIsKilled() async throws {
        let path = try folder.write("stays", Array("#!/bin/sh\nexec >&-\nexec sleep 3600\n".utf8))
        chmod(path, 0o700)
        let error = await #expect(throws: HermesError.self) {
            try await onBlockingThread { try HelperProgram(program: path, timeLimit: 300).run(input: []) }
        }
        #expect(error?.code == .denied)
    }

    @Test func configurationsAreOftenYAML() throws {
        let yaml = """
            # As kubelets on Azure and Google have it.
            apiVersion: kubelet.config.k8s.io/v1
            kind: CredentialProviderConfig
            providers:
              - name: provider
                apiVersion: credentialprovider.kubelet.k8s.io/v1
                matchImages:
                - "*.azurecr.io"
                - '*.azurecr.cn'
                defaultCacheDuration: "10m"
                args:
                - /etc/kubernetes/azure.json
                env:
                  - {name: NUMBER, value: "1"}
            """
        let config = try KubeletCredentialConfig.parse(Array(yaml.utf8), name: "config.yaml")
        #expect(config.providers.map(\.name) == ["provider"])
        #expect(config.providers.first?.matchImages == ["*.azurecr.io", "*.azurecr.cn"])
        #expect(config.providers.first?.env?.first?.value == "1")
        #expect(config.providers.first?.cacheMilliseconds == 600_000)
    }

    @Test func badConfigurationsAreNamed() throws {
        #expect(throws: HermesError.self) { try kubelet("", version: "v2") }
        #expect(throws: HermesError.self) { try kubelet("", config: "v9") }
        for json in [
            "", "[]", "{}", "a: [", "a: &a [*a, *a]", "\u{0}",
            #"{"apiVersion":"kubelet.config.k8s.io/v1","kind":"X","providers":[]}"#,
        ] {
            let path = try folder.write("bad.json", Array(json.utf8))
            let error = #expect(throws: HermesError.self) {
                try KubeletCredentials(configuration: path, programs: folder.path)
            }
            #expect(error?.message.contains("bad.json") == true)
        }
    }

    @Test(arguments: [
        ("name: T, value: hunter2", nil), ("name: T, value: [hunter2]", "providers[0].env[0].value is not text"),
        ("name: T, value: 'hunter2", "line 9: found unexpected end of stream"), ("name: T", "env[0].value is missing"),
        ("name: T, value: *hunter2", "line 8: an alias names no value before it"),
        ("name: T, value: hunter2, value: hunter2", "line 8: a key comes twice"),
        ("name: T, value: !hunter2 hunter2", "line 8: a tag is not known"),
        ("name: T, value: @hunter2", "line 8: found"),
        ("name: \"T=\", value: hunter2", "that no program can have"),
        ("name: T, value: \"hunter2\\0\"", "no program can have"),
        ("name: T, value: ", nil), ("name: T, value: ~", nil),
    ])
    func configurationsKeepTheirSecrets(variable: String, problem: String?) {
        let yaml = """
            apiVersion: kubelet.config.k8s.io/v1
            kind: CredentialProviderConfig
            providers:
            - name: provider
              apiVersion: credentialprovider.kubelet.k8s.io/v1
              matchImages: ["*.io"]
              defaultCacheDuration: 10m
              env: [{\(variable)}]
            - {name: a/b, matchImages: [], defaultCacheDuration: "0", apiVersion: v1}
            """
        // The second provider is wrong in any case.
        let error = #expect(throws: HermesError.self) {
            try KubeletCredentialConfig.parse(Array(yaml.utf8), name: "file")
        }
        let text = error?.description ?? ""
        #expect(
            text.contains(problem ?? "has a name that is not the name of a program") && text.contains("file"), "\(text)"
        )
        #expect(!text.contains("hunter2"))
    }

    @Test(arguments: [
        ("", ""), ("~", ""), ("null", ""), ("12", "12"), ("true", "true"), ("'~'", "~"), ("0x10", "0x10"),
    ])
    func valuesOfVariablesAreTexts(written: String, value: String) throws {
        let yaml = """
            {apiVersion: kubelet.config.k8s.io/v1, kind: CredentialProviderConfig, providers: [{name: provider, args: null,
              apiVersion: credentialprovider.kubelet.k8s.io/v1, matchImages: ["*.io"], defaultCacheDuration: 10m, more: 1,
              env: [{name: T, value: \(written)}]}]}
            """
        let config = try KubeletCredentialConfig.parse(Array(yaml.utf8), name: "file")
        #expect(config.providers.first?.env?.map(\.value) == [value])
        #expect(config.providers.first?.args == nil)
    }

    @Test func aHelperInheritsNeitherFilesNorSignals() throws {
        // Descriptors of dup(2) stay open over exec.
        let file = dup(0)
        #expect(file > 2)
        defer { close(file) }
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGUSR1)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        defer { pthread_sigmask(SIG_UNBLOCK, &signals, nil) }
        let script = "echo /proc/$$/fd/*; exec grep -E 'Sig(Ign|Blk)' /proc/self/status"
        let answer = try HelperProgram(program: "sh", arguments: ["-c", script]).run(input: [])
        let lines = String(decoding: answer.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3)
        let files = lines.first?.split(separator: " ").compactMap { $0.split(separator: "/").last } ?? []
        // Listing a folder takes one more.
        #expect(Set(files).subtracting(["0", "1", "2", "3"]) == [])
        // glibc keeps signals 32 and 33 for itself.
        let masks = lines.dropFirst().compactMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) }
        #expect(masks.map { $0 & ~0x1_8000_0000 } == [0, 0], "\(lines)")
    }

    @Test func aLoginThatRanOutIsFetchedAgain() async throws {
        let registry = try FaultyRegistry()
        let scopes = Mutex<[CredentialScope]>([])
        let client = try RegistryClient(
            registry: "127.0.0.1:\(registry.port)", plainHTTP: nil, http: registry.http,
            credentials: { scope in
                let number = scopes.withLock { scopes in
                    scopes.append(scope)
                    return scopes.count
                }
                return .password(user: "AWS", password: "token\(number)")
            }, retries: RetryPolicy(tries: 1))
        for index in 0..<8 as Range<Int64> {
            let bytes = try await registry.fetch("expiring", index..<index + 9, client: client)
            #expect(bytes == Array(registry.blob[Int(index)..<Int(index) + 9]))
        }
        let asked = scopes.withLock { $0 }
        #expect(asked.map(\.isRenewal) == [false, true, true])
        #expect(asked.allSatisfy { $0.repository == "expiring" })
        // Another refusal is not taken for one, and its words reach the user.
        let error = await #expect(throws: HermesError.self) {
            try await registry.fetch("denying", 0..<9, client: client)
        }
        #expect(error?.message.contains("no") == true)
        #expect(scopes.withLock { $0.count } == 4)
    }
}

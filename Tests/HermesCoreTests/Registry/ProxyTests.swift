import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

@Suite struct ProxyTests {
    /// TLS and plain HTTP through a proxy with a password, to a name that only the proxy knows.
    @Test(arguments: [true, false])
    func requestsGoThroughTheProxy(tls: Bool) async throws {
        let registry = try FaultyRegistry()
        let front = try RegistryTestFront(before: registry.port, wantsCertificate: false)
        let process = try TestProcess(
            python: Fixture.path("registry-proxy.py"), ["\(tls ? front.port : registry.port)", "me:pass"])
        let address = "http://me:pass@127.0.0.1:\(process.line())"
        let client = try RegistryClient(
            registry: "registry.test", plainHTTP: !tls,
            http: HTTPClient(
                authorities: front.certificate,
                proxies: ProxySettings { $0 == (tls ? "HTTPS_PROXY" : "HTTP_PROXY") ? address : nil }),
            credentials: { _ in nil }, retries: RetryPolicy(tries: 1))
        let bytes = try await registry.fetch("plain", 7..<7000, client: client)
        #expect(bytes == Array(registry.blob[7..<7000]))
        #expect(process.line() == (tls ? "CONNECT registry.test:443" : "GET registry.test"))
    }

    @Test func aHostsOwnProxyCountsMoreThanTheEnvironments() async throws {
        let registry = try FaultyRegistry()
        let process = try TestProcess(python: Fixture.path("registry-proxy.py"), ["\(registry.port)", "me:pass"])
        let folder = try TestFolder()
        try TestProcess.run(["mkdir", "\(folder.path)/registry.test"])
        try RegistryTestFile.write(
            "server = 'http://registry.test'\nproxy = 'http://me:pass@127.0.0.1:\(process.line())'",
            to: "\(folder.path)/registry.test/hosts.toml")
        let client = try RegistryClient(
            registry: "registry.test", plainHTTP: nil,
            http: HTTPClient(
                authorities: nil, proxies: ProxySettings { $0 == "HTTP_PROXY" ? "http://127.0.0.1:1" : nil }),
            credentials: { _ in nil }, hosts: HostsFolder(folder.path), retries: RetryPolicy(tries: 1))
        let bytes = try await registry.fetch("plain", 7..<70, client: client)
        #expect(bytes == Array(registry.blob[7..<70]))
        #expect(process.line() == "GET registry.test")
    }

    /// A proxy's password is part of its URL, and must not be part of an error.
    @Test func aProxyThatIsNotThereKeepsItsSecret() async throws {
        let client = try RegistryClient(
            registry: "registry.test", plainHTTP: nil,
            http: HTTPClient(
                authorities: nil, proxies: ProxySettings { $0 == "HTTPS_PROXY" ? "http://me:hunter2@127.0.0.1:1" : nil }
            ),
            credentials: { _ in nil }, retries: RetryPolicy(tries: 1))
        let reference = try Reference("registry.test/a:b")
        let error = await #expect(throws: HermesError.self) { try await client.resolve(reference) }
        #expect(error?.code == .unavailable)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }
}

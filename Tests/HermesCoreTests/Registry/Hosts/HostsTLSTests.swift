import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Certificates of hosts.toml, with nginx before a registry.
@Suite struct HostsTLSTests {
    private let registry: FaultyRegistry
    private let folder: TestFolder

    init() throws {
        registry = try FaultyRegistry()
        folder = try TestFolder()
    }

    private func client(_ front: RegistryTestFront, host: String = "127.0.0.1", _ toml: String?) throws
        -> RegistryClient
    {
        let name = "\(host):\(front.port)"
        try TestProcess.run(["mkdir", "-p", "\(folder.path)/\(name)"])
        if let toml { try RegistryTestFile.write(toml, to: "\(folder.path)/\(name)/hosts.toml") }
        return try RegistryClient(
            registry: name, plainHTTP: nil, http: registry.http, credentials: { _ in nil },
            hosts: HostsFolder(folder.path), retries: RetryPolicy(tries: 1))
    }

    private func works(_ client: RegistryClient) async throws {
        let bytes = try await registry.fetch("plain", 5..<5000, client: client)
        #expect(bytes == Array(registry.blob[5..<5000]))
    }

    @Test func authoritiesAreTrustedAndChecked() async throws {
        let front = try RegistryTestFront(before: registry.port, wantsCertificate: false)
        let trusting = try client(front, "ca = '\(front.certificate)'")
        try await works(trusting)
        try await works(client(front, "skip_verify = true"))
        // Another connection of the same client must not trust what this one trusts.
        let other = try client(front, "ca = '\(front.clientCertificate)'")
        let error = await #expect(throws: HermesError.self) { try await works(other) }
        #expect(error?.code == .protocolViolation)
        let missing = #expect(throws: HermesError.self) { try client(front, "ca = 'missing.crt'") }
        #expect(missing.map { "\($0)".contains("missing.crt") } == true)
        let config = try folder.write("text", Array("no certificate".utf8))
        #expect(throws: HermesError.self) { try client(front, "ca = '\(config)'") }
        // As with containerd, http with a word about TLS means https first.
        try await works(client(front, "server = 'http://127.0.0.1:\(front.port)'\nskip_verify = true"))
        try await works(client(front, host: "[::1]", "ca = '\(front.certificate)'"))
    }

    @Test func aClientShowsItsCertificate() async throws {
        let front = try RegistryTestFront(before: registry.port, wantsCertificate: true)
        try await works(
            client(
                front,
                "ca = '\(front.certificate)'\nclient = [['\(front.clientCertificate)', '\(front.clientKey)']]"))
        let none = try client(front, "ca = '\(front.certificate)'")
        await #expect(throws: HermesError.self) { try await works(none) }
        let both = try folder.write(
            "both.pem",
            LocalFile.read(front.clientCertificate, limit: 1 << 20) + LocalFile.read(front.clientKey, limit: 1 << 20))
        try await works(client(front, "ca = '\(front.certificate)'\nclient = '\(both)'"))
    }

    @Test func dockersNamesOfCertificatesAreEnough() async throws {
        let front = try RegistryTestFront(before: registry.port, wantsCertificate: true)
        let place = "\(folder.path)/127.0.0.1:\(front.port)"
        try TestProcess.run(["mkdir", place])
        for (from, to) in [
            (front.certificate, "ca.crt"), (front.clientCertificate, "client.cert"), (front.clientKey, "client.key"),
        ] { try TestProcess.run(["cp", from, "\(place)/\(to)"]) }
        try await works(client(front, nil))
    }
}

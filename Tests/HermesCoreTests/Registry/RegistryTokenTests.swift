import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Tokens and redirects over the wire. Each test has a server of its own, whose counters it reads.
@Suite struct RegistryTokenTests {
    private let registry: FaultyRegistry

    init() throws { registry = try FaultyRegistry() }

    @Test(arguments: [
        Credentials.password(user: "hermes", password: "secret"), .identityToken("refresh-me"),
    ])
    func oneTokenServesAllThatWait(credentials: Credentials) async throws {
        // Of the whole process: other tests count as well.
        let metrics = RegistryMetrics.shared
        let before = (
            metrics.tokens[.granted], metrics.lookups[.found],
            metrics.http.responses[.clientError], metrics.http.responses[.success]
        )
        let client = try registry.client(credentials)
        try await withThrowingTaskGroup { group in
            for index in 0..<5 as Range<Int64> {
                group.addTask {
                    let range = index * 1000..<(index + 1) * 1000 + 500
                    let bytes = try await registry.fetch("tokens", range, client: client)
                    #expect(bytes == Array(registry.blob[Int(range.lowerBound)..<Int(range.upperBound)]))
                }
            }
            try await group.waitForAll()
        }
        let first = try await registry.stats()
        #expect(first["token-issued"] == 1, "\(first)")
        // A token is good for five requests on this server; the sixth is refused, and renewed without the caller's help.
        for index in 0..<6 as Range<Int64> {
            _ = try await registry.fetch("tokens", index..<index + 10, client: client)
        }
        #expect(try await registry.stats()["token-issued"] == 3)
        #expect(metrics.tokens[.granted] >= before.0 + 3 && metrics.lookups[.found] >= before.1 + 3)
        #expect(
            metrics.http.responses[.clientError] >= before.2 + 2 && metrics.http.responses[.success] >= before.3 + 14)
    }

    @Test func refusalsSayWhatToDoAndNoSecret() async throws {
        for credentials in [
            nil, Credentials.password(user: "hermes", password: "hunter2"), .identityToken("hunter2"),
        ] {
            let error = await #expect(throws: HermesError.self) {
                try await registry.fetch("tokens", 0..<10, client: registry.client(credentials))
            }
            #expect(error?.code == .denied)
            #expect(error?.advice?.contains("docker login") == true)
            #expect(error.map { "\($0)".contains("hunter2") } == false)
        }
    }

    @Test func redirectsAreRememberedAndRenewedWithoutTheToken() async throws {
        let client = try registry.client(.password(user: "hermes", password: "secret"))
        for index in 0..<8 as Range<Int64> {
            let range = index * 5000..<index * 5000 + 7000
            let bytes = try await registry.fetch("redirecting", range, client: client)
            #expect(bytes == Array(registry.blob[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
        let stats = try await registry.stats()
        #expect(stats["store-saw-authorization"] == nil)
        #expect(stats["store-served"] == 8)
        // A signature is good for three requests: 8 ranges need three, so two were found out of date.
        #expect(stats["store-expired"] == 2)
        // The first request is refused for want of a token.
        #expect(stats["redirecting"] == 4)

        let descriptor = registry.descriptor
        let streamed = try await onBlockingThread {
            try readAll(client.openBlob(repository: "redirecting", descriptor))
        }
        #expect(streamed == registry.blob)
    }
}

import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

/// docker-registry with TLS, which also offers HTTP/2.
@Suite struct RegistryTLSTests {
    private static let shared = Result { try RealRegistry(password: false, tls: true) }
    private let registry: RealRegistry

    init() throws { registry = try Self.shared.get() }

    private func client(_ http: HTTPClient) throws -> RegistryClient {
        try RegistryClient(
            registry: "127.0.0.1:\(registry.port)", plainHTTP: false, http: http, credentials: { _ in nil },
            retries: RetryPolicy(tries: 1))
    }

    /// Streams with a slow reader share their connection with ranges: back-pressure on one must not stop another.
    @Test func streamsAndRangesShareAConnection() async throws {
        let client = try client(HTTPClient(authorities: registry.certificate))
        let bytes = testBytes(12_000_011, seed: 5)
        let descriptor = Descriptor(mediaType: "x", digest: .of(bytes), size: Int64(bytes.count))
        try await client.pushBlob(
            repository: "large", digest: descriptor.digest, size: descriptor.size, from: .bytes(bytes))
        async let slow = onBlockingThread {
            let source = try client.openBlob(repository: "large", descriptor)
            var first = [UInt8](repeating: 0, count: 10)
            let count = try first.withUnsafeMutableBytes { try source.read(into: $0) }
            usleep(400_000)
            return first[..<count] + (try readAll(source))
        }
        try await withThrowingTaskGroup { group in
            for index in 0..<20 as Range<Int64> {
                group.addTask {
                    let range = index * 500_000..<index * 500_000 + 300_000
                    let got = try await collect {
                        client.fetchRange(
                            repository: "large", descriptor.digest, range: range, terms: .background, deliver: $0,
                            completion: $1)
                    }
                    #expect(got == Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await Array(slow) == bytes)
    }

    @Test func anUnknownAuthorityIsRefused() async throws {
        let client = try client(HTTPClient())
        let reference = try Reference("127.0.0.1:\(registry.port)/test/image:v1")
        let error = await #expect(throws: HermesError.self) { try await client.resolve(reference) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.advice?.contains("SSL_CERT_FILE") == true)
    }
}

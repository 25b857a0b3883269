import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

/// Against a registry that misbehaves (Fixtures/registry-faults.py).
@Suite struct RegistryFaultTests {
    private static let shared = Result { try FaultyRegistry() }
    private let registry: FaultyRegistry

    init() throws { registry = try Self.shared.get() }

    @Test(arguments: [
        "plain", "no-range", "no-range-no-length", "wide-range",
    ])
    func rangesAreExact(repository: String) async throws {
        let size = registry.descriptor.size
        for range in [0..<1, 0..<100_000, 12_345..<1_234_567, size - 1..<size, 0..<size] {
            let bytes = try await registry.fetch(repository, range)
            #expect(bytes == Array(registry.blob[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }

    @Test(arguments: [
        ("short-body", HermesError.Code.unavailable), ("short-chunks", .unavailable),
        ("wrong-range", .protocolViolation), ("no-content-range", .protocolViolation),
        ("multipart", .protocolViolation), ("too-long", .protocolViolation), ("encoded", .protocolViolation),
        ("unsatisfiable", .protocolViolation), ("always-busy", .unavailable), ("loop", .protocolViolation),
        ("to-file", .protocolViolation), ("endless-headers", .protocolViolation), ("nobody", .notFound),
    ])
    func badAnswersFail(repository: String, code: HermesError.Code) async throws {
        let error = await #expect(throws: HermesError.self) {
            try await registry.fetch(repository, 1000..<201_000)
        }
        #expect(error?.code == code)
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("127.0.0.1:\(registry.port)"))
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test func aRangeBehindTheEndFails() async throws {
        let size = registry.descriptor.size
        for repository in ["plain", "no-range"] {
            let error = await #expect(throws: HermesError.self) {
                try await registry.fetch(repository, size - 10..<size + 10)
            }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test(arguments: ["plain", "resetting", "busy", "no-range"])
    func streamsSurvive(repository: String) async throws {
        let client = try registry.client(tries: 5)
        let descriptor = registry.descriptor
        let bytes = try await onBlockingThread {
            try readAll(client.openBlob(repository: repository, descriptor))
        }
        #expect(bytes == registry.blob)
    }

    @Test(arguments: ["always-busy", "dripping", "short-body", "wrong-range", "encoded", "nobody"])
    func streamsGiveUp(repository: String) async throws {
        let client = try registry.client()
        let descriptor = registry.descriptor
        await #expect(throws: HermesError.self) {
            try await onBlockingThread { try readAll(client.openBlob(repository: repository, descriptor)) }
        }
    }

    /// Nothing comes, something and then nothing, or always a little: the reader waits no longer than until its deadline.
    @Test(arguments: ["silent", "stalling", "dripping", "always-busy"])
    func streamsEndAtTheirDeadline(repository: String) async throws {
        let client = try registry.client(tries: 1_000_000)
        let descriptor = registry.descriptor
        let error = await #expect(throws: HermesError.self) {
            try await onBlockingThread {
                let deadline = Monotonic.now().adding(milliseconds: 500)
                let stream = try client.openBlob(repository: repository, descriptor, until: deadline)
                _ = try readAll(stream)
            }
        }
        #expect(error?.code == .unavailable)
        #expect("\(try #require(error))".contains("127.0.0.1:\(registry.port)"))
    }

    @Test func aStreamOfAnotherSizeFails() async throws {
        let client = try registry.client()
        for size in [registry.descriptor.size - 1, registry.descriptor.size + 1] {
            var descriptor = registry.descriptor
            descriptor.size = size
            let lying = descriptor
            let error = await #expect(throws: HermesError.self) {
                try await onBlockingThread { try readAll(client.openBlob(repository: "plain", lying)) }
            }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func aSlowReaderLosesNothing() async throws {
        // The server's socket and the buffer fill up; small, odd reads wrap around the ring many times.
        let client = try registry.client()
        let large = testBytes(9_000_011, seed: 3)
        let folder = try TestFolder()
        let file = try folder.write("large", large)
        let server = try TestProcess(python: Fixture.path("registry-faults.py"), [file])
        let port = try #require(server.line().split(separator: " ").first.flatMap { Int($0) })
        let slow = try RegistryClient(
            registry: "127.0.0.1:\(port)", http: client.http, credentials: { _ in nil })
        let descriptor = Descriptor(mediaType: "x", digest: .of(large), size: Int64(large.count))
        let bytes = try await onBlockingThread {
            let source = try slow.openBlob(repository: "plain", descriptor)
            var first = [UInt8](repeating: 0, count: 10)
            let count = try first.withUnsafeMutableBytes { try source.read(into: $0) }
            usleep(300_000)
            return first[..<count] + (try readAll(source, buffer: 123_457))
        }
        #expect(Array(bytes) == large)
    }

    @Test func droppedStreamsAndCancelledFetchesEnd() async throws {
        let http = try HTTPClient()
        let client = try RegistryClient(
            registry: "127.0.0.1:\(registry.port)", http: http, credentials: { _ in nil })
        let descriptor = registry.descriptor
        try await onBlockingThread {
            let source = try client.openBlob(repository: "plain", descriptor)
            var bytes = [UInt8](repeating: 0, count: 10)
            _ = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
        }
        let error = await #expect(throws: HermesError.self) {
            _ = try await collect { deliver, completion in
                let handle = client.fetchRange(
                    repository: "silent", descriptor.digest, range: 0..<10, terms: .background, deliver: deliver,
                    completion: completion)
                handle.cancel()
                handle.cancel()
                return handle
            }
        }
        #expect(error?.code == .interrupted)
        // Closing ends what still runs, and what comes later is refused rather than lost.
        let waiting = Task {
            try await collect { deliver, completion in
                client.fetchRange(
                    repository: "silent", descriptor.digest, range: 0..<10, terms: .background, deliver: deliver,
                    completion: completion)
            }
        }
        try await onBlockingThread {
            usleep(100_000)
            http.close()
        }
        await #expect(throws: HermesError.self) { try await waiting.value }
        await #expect(throws: HermesError.self) {
            try await collect { deliver, completion in
                client.fetchRange(
                    repository: "plain", descriptor.digest, range: 0..<10, terms: .background, deliver: deliver,
                    completion: completion)
            }
        }
    }

    @Test func aTaskThatIsCancelledEndsItsRequest() async throws {
        let client = try registry.client()
        let descriptor = registry.descriptor
        let task = Task { try await client.readBlob(repository: "silent", descriptor, limit: 1 << 23) }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .interrupted)
    }

    @Test func manifestsAreTriedAgainAndChecked() async throws {
        let client = try registry.client(tries: 5)
        func reference(_ repository: String) throws -> Reference {
            try Reference("127.0.0.1:\(registry.port)/\(repository):v1")
        }
        let busy = try await client.resolve(reference("busy"))
        #expect(busy.mediaType == MediaType.manifest)
        let headless = try await client.resolve(reference("headless"))
        #expect(headless == busy)
        for (repository, code) in [
            ("schema1", HermesError.Code.unsupported), ("endless", .protocolViolation), ("nobody", .notFound),
        ] {
            let error = await #expect(throws: HermesError.self) {
                try await client.manifest(reference(repository))
            }
            #expect(error?.code == code)
        }
        let error = await #expect(throws: HermesError.self) {
            try await client.manifest(repository: "other-bytes", headless)
        }
        #expect(error?.code == .corrupt)
        let wrong = await #expect(throws: HermesError.self) {
            try await client.readBlob(
                repository: "plain",
                Descriptor(mediaType: "x", digest: .of(Array("abc".utf8)), size: registry.descriptor.size),
                limit: 1 << 23)
        }
        #expect(wrong?.code == .corrupt)
    }

    @Test func referrersComeFromEveryPageAndAreFiltered() async throws {
        let client = try registry.client()
        let digest = registry.descriptor.digest
        let all = try await client.referrers(repository: "referring", of: digest)
        #expect(all.map(\.size) == [1, 2, 3, 4])
        let some = try await client.referrers(
            repository: "referring", of: digest, artifactType: "application/b")
        #expect(some.map(\.size) == [2, 4])
        #expect(try await client.referrers(repository: "nobody", of: digest) == [])
    }

    @Test func anUnreachableRegistryIsNamed() async throws {
        // A port that nothing listens on: the discard service's.
        let client = try RegistryClient(
            registry: "127.0.0.1:9", plainHTTP: nil, http: registry.http, credentials: { _ in nil },
            retries: RetryPolicy(tries: 2, first: 1))
        let error = await #expect(throws: HermesError.self) {
            try await client.resolve(Reference("127.0.0.1:9/a:b"))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("127.0.0.1:9") == true)
        let tls = try RegistryClient(
            registry: "127.0.0.1:\(registry.port)", plainHTTP: false, http: registry.http,
            credentials: { _ in nil }, retries: RetryPolicy(tries: 1))
        let advice = await #expect(throws: HermesError.self) {
            try await tls.resolve(Reference("127.0.0.1:\(registry.port)/a:b"))
        }
        #expect(advice?.advice?.contains("plain HTTP") == true)
    }
}

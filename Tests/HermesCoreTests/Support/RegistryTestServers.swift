import FoundationEssentials
import Glibc
import HermesTestKit

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

/// The registry of faults (Fixtures/registry-faults.py) and a blob that it serves.
final class FaultyRegistry: Sendable {
    let folder: TestFolder
    let process: TestProcess
    let port: Int
    let blob: [UInt8]
    let descriptor: Descriptor
    let http: HTTPClient

    init(_ blob: [UInt8] = testBytes(3_000_017, seed: 7)) throws {
        folder = try TestFolder()
        self.blob = blob
        let file = try folder.write("blob", blob)
        process = try TestProcess(python: Fixture.path("registry-faults.py"), [file])
        let ports = process.line().split(separator: " ").compactMap { Int($0) }
        guard ports.count == 2 else { throw TestProcess.Failed(description: "no fault server") }
        port = ports[0]
        descriptor = Descriptor(
            mediaType: "application/octet-stream", digest: .of(blob), size: Int64(blob.count))
        http = try HTTPClient(metrics: RegistryMetrics.shared.http)
    }

    func client(
        _ credentials: Credentials? = nil, tries: Int = 4, hosts: HostsFolder? = nil, longestAsked: Int64 = 100
    ) throws -> RegistryClient {
        try RegistryClient(
            registry: "127.0.0.1:\(port)", plainHTTP: nil, http: http, credentials: { _ in credentials },
            hosts: hosts, retries: RetryPolicy(tries: tries, first: 10, longest: 50, longestAsked: longestAsked),
            health: HostHealth(firstPause: 3_600_000, longestPause: 3_600_000, lackPause: 3_600_000))
    }

    /// The server's counters.
    func stats() async throws -> [String: Int] {
        let response = try await http.send(
            HTTPRequest("GET", HTTPURL("http://127.0.0.1:\(port)/stats")), limit: 1 << 20)
        return try JSONDecoder().decode([String: Int].self, from: Data(response.body))
    }

    /// Fetches a range and returns its bytes.
    func fetch(
        _ repository: String, _ range: Range<Int64>, client: RegistryClient? = nil, terms: FetchTerms = .background
    ) async throws -> [UInt8] {
        let client = try client ?? self.client()
        return try await collect { deliver, completion in
            client.fetchRange(
                repository: repository, descriptor.digest, range: range, terms: terms, deliver: deliver,
                completion: completion)
        }
    }
}

/// Collects what a range fetch delivers.
func collect(
    _ fetch: (
        _ deliver: @escaping RangeFetchHandle.Delivery, _ completion: @escaping RangeFetchHandle.Completion
    ) -> RangeFetchHandle
) async throws -> [UInt8] {
    let bytes = Monitor<[UInt8]>([])
    try await withCheckedThrowingContinuation { continuation in
        _ = fetch({ chunk, _ in bytes.withLock { $0.value.append(contentsOf: chunk) } }) {
            continuation.resume(with: $0)
        }
    }
    return bytes.withLock { $0.value }
}

/// A real registry with an image in it.
final class RealRegistry: Sendable {
    private let server: TestRegistry
    let layout: ImageLayout

    init(password: Bool, tls: Bool = false) throws {
        server = try TestRegistry(password: password, tls: tls)
        layout = try Self.makeImage(in: server.folder)
        try server.push(
            layout: "\(layout.path):v1", to: "test/image:v1", login: password ? "hermes:secret" : nil)
    }

    var folder: TestFolder { server.folder }
    var port: Int { server.port }
    var certificate: String { server.certificate }

    /// Two layers with varied files, made by umoci.
    static func makeImage(in folder: TestFolder) throws -> ImageLayout {
        let path = "\(folder.path)/layout"
        try TestProcess.run(["umoci", "init", "--layout", path])
        try TestProcess.run(["umoci", "new", "--image", "\(path):v1"])
        for (number, size) in [(1, 900_000), (2, 40_000)] {
            let content = "\(folder.path)/content\(number)"
            try TestProcess.run(["mkdir", "-p", "\(content)/usr"])
            try AtomicFile.write(
                testBytes(size, seed: UInt64(number)), to: "\(content)/usr/file\(number)",
                temporaryIn: folder.path)
            try TestProcess.run(["tar", "-C", content, "-cf", "\(content).tar", "."])
            try TestProcess.run([
                "umoci", "raw", "add-layer", "--image", "\(path):v1", "\(content).tar",
            ])
        }
        return try ImageLayout(path)
    }

    func client(_ http: HTTPClient, _ credentials: Credentials? = nil) throws -> RegistryClient {
        try RegistryClient(registry: "127.0.0.1:\(port)", http: http, credentials: { _ in credentials })
    }
}

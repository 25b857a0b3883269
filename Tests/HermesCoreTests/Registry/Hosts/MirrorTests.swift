import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Mirrors over the wire: registries of faults beside one that is in order.
@Suite struct MirrorTests {
    private let registry: FaultyRegistry
    private let mirror: FaultyRegistry
    private let folder: TestFolder

    init() throws {
        registry = try FaultyRegistry()
        mirror = try FaultyRegistry()
        folder = try TestFolder()
    }

    /// A client of the registry whose hosts.toml is `text`, with the mirror's address in place of MIRROR.
    private func client(_ text: String, tries: Int = 1) throws -> RegistryClient {
        let name = "127.0.0.1_\(registry.port)_"
        try TestProcess.run(["mkdir", "-p", "\(folder.path)/\(name)"])
        let toml = text.split(separator: "MIRROR", omittingEmptySubsequences: false)
            .joined(separator: "127.0.0.1:\(mirror.port)")
        try RegistryTestFile.write(toml, to: "\(folder.path)/\(name)/hosts.toml")
        return try registry.client(tries: tries, hosts: HostsFolder(folder.path))
    }

    private func slice(_ range: Range<Int64>) -> [UInt8] {
        Array(registry.blob[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    @Test func aMirrorServesInPlaceOfTheRegistry() async throws {
        let client = try client("[host.'http://MIRROR'.header]\nX-Mirror = ['a', 'b']")
        #expect(try await registry.fetch("plain", 5..<9000, client: client) == slice(5..<9000))
        let blob = try await client.readBlob(repository: "plain", registry.descriptor, limit: 1 << 30)
        #expect(blob == registry.blob)
        let stream = try await onBlockingThread {
            [descriptor = registry.descriptor] in
            try readAll(client.openBlob(repository: "plain", descriptor))
        }
        #expect(stream == registry.blob)
        let stats = try await mirror.stats()
        #expect(stats["plain"] == 3)
        #expect(stats["ns-127.0.0.1:\(registry.port)"] == 3)
        #expect(stats["header-a,b"] == 3)
        #expect(try await registry.stats()["plain"] == nil)
    }

    @Test(arguments: ["always-busy", "nothing", "unsatisfiable", "wrong-range", "encoded", "loop", "tokens"])
    func aMirrorThatFailsIsPassedByAndRemembered(fault: String) async throws {
        let client = try client("[host.'http://MIRROR/as-\(fault)']")
        for index in 0..<6 as Range<Int64> {
            let range = index * 1000..<index * 1000 + 1500
            #expect(try await registry.fetch("plain", range, client: client) == slice(range))
        }
        #expect(try await registry.stats()["plain"] == 6)
        // One answer, or the few of one request that is redirected or wants a login.
        let asked = try await mirror.stats()[fault] ?? 0
        #expect(fault == "loop" ? (1...11).contains(asked) : asked == 1, "\(asked)")
    }

    @Test func aConnectionThatBreaksGoesOnAtTheNextHost() async throws {
        let client = try client("[host.'http://MIRROR/as-resetting']")
        #expect(try await registry.fetch("plain", 100..<2_000_000, client: client) == slice(100..<2_000_000))
        let other = try self.client("[host.'http://MIRROR/as-short-chunks']")
        let stream = try await onBlockingThread {
            [descriptor = registry.descriptor] in
            try readAll(other.openBlob(repository: "plain", descriptor))
        }
        #expect(stream == registry.blob)
        #expect(try await mirror.stats()["resetting"] == 1)
        #expect(try await mirror.stats()["short-chunks"] == 1)
    }

    @Test func aPortThatNobodyListensOnCostsNothingButItself() async throws {
        let client = try client("[host.'http://127.0.0.1:1']\n[host.'http://MIRROR']")
        #expect(try await registry.fetch("plain", 0..<10, client: client) == slice(0..<10))
        #expect(try await mirror.stats()["plain"] == 1)
    }

    @Test func mirrorsAreOnlyAskedForWhatTheyMay() async throws {
        let client = try client("[host.'http://MIRROR']\ncapabilities = ['pull']")
        let tagged = try Reference("127.0.0.1:\(registry.port)/headless:v1")
        let found = try await client.resolve(tagged)
        #expect(try await mirror.stats()["headless"] == nil)
        _ = try await client.manifest(repository: "headless", found)
        #expect(try await mirror.stats()["headless"] == 1)
        // Lists of referrers need trust as tags do.
        let list = try await client.referrers(repository: "referring", of: registry.descriptor.digest)
        #expect(list.count == 4)
        #expect(try await mirror.stats()["referring"] == nil)

        let none = try self.client("server = 'http://MIRROR'\ncapabilities = ['pull']")
        let error = await #expect(throws: HermesError.self) { try await none.resolve(tagged) }
        #expect(error?.code == .unsupported)
    }

    @Test func otherBytesThanTheDigestsAreNotBelieved() async throws {
        let client = try client("[host.'http://MIRROR/as-other-bytes']")
        let reference = try Reference("127.0.0.1:\(registry.port)/headless:v1")
        let right = try await registry.client().manifest(reference)
        let bytes = try await client.manifest(repository: "headless", right.descriptor)
        #expect(bytes == right.bytes)
        #expect(try await mirror.stats()["other-bytes"] == 1)
    }

    @Test func aMirrorsEmptyListOfReferrersIsNotTheRegistrys() async throws {
        let client = try client("[host.'http://MIRROR/as-plain']")
        let list = try await client.referrers(repository: "referring", of: registry.descriptor.digest)
        #expect(list.count == 4)
    }

    @Test func aServerTakesTheRegistrysPlaceAndPathsCanBeOverridden() async throws {
        let client = try client(
            "server = 'http://127.0.0.1:1'\n[host.'http://MIRROR/as-plain//']\noverride_path = true")
        #expect(try await registry.fetch("other", 0..<10, client: client) == slice(0..<10))
        #expect(try await mirror.stats()["plain"] == 1)
        #expect(try await registry.stats()["other"] == nil)
    }

    @Test func aRegistryWithoutAnythingSaysSoOnce() async throws {
        let client = try client("[host.'http://MIRROR/as-nothing']", tries: 4)
        let error = await #expect(throws: HermesError.self) {
            try await registry.fetch("nothing", 0..<10, client: client)
        }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains(":\(registry.port)") == true)
    }

    @Test func uploadsGoToTheFirstThatTakesThem() throws {
        let client = try client("[host.'http://MIRROR']\ncapabilities = ['pull', 'resolve']")
        #expect(try client.pushHost().name == "127.0.0.1:\(registry.port)")
        let pulling = try self.client("capabilities = ['pull']")
        #expect(throws: HermesError.self) { try pulling.pushHost() }
    }
}

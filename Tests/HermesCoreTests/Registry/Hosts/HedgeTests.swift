import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Range fetches that a process waits for, over the wire: slow, silent, busy and lying servers.
@Suite struct HedgeTests {
    private let registry: FaultyRegistry
    private let mirror: FaultyRegistry
    private let folder: TestFolder

    init() throws {
        registry = try FaultyRegistry()
        mirror = try FaultyRegistry()
        folder = try TestFolder()
    }

    /// A client whose mirror has one fault for everything.
    private func client(mirror fault: String) throws -> RegistryClient {
        let path = "\(folder.path)/127.0.0.1_\(registry.port)_"
        try TestProcess.run(["mkdir", "-p", path])
        try RegistryTestFile.write("[host.'http://127.0.0.1:\(mirror.port)/as-\(fault)']", to: "\(path)/hosts.toml")
        return try registry.client(tries: 1, hosts: HostsFolder(folder.path), longestAsked: 3_600_000)
    }

    private func demand(_ milliseconds: Int = 60_000) -> FetchTerms {
        FetchTerms(deadline: .now().adding(milliseconds: milliseconds))
    }

    private func slice(_ range: Range<Int64>) -> [UInt8] {
        Array(registry.blob[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    @Test func theNextHostWinsAgainstASilentOneWhichSoonGoesBehind() async throws {
        let client = try client(mirror: "silent")
        for index in 0..<6 as Range<Int64> {
            let range = index * 1000..<index * 1000 + 5000
            #expect(try await registry.fetch("plain", range, client: client, terms: demand()) == slice(range))
        }
        #expect(try await mirror.stats()["silent"] == HostPace.lossLimit)
        #expect(try await registry.stats()["plain"] == 6)
    }

    @Test func aHostThatIsMerelyLateWinsAgainstASilentOne() async throws {
        let client = try client(mirror: "late")
        #expect(try await registry.fetch("silent", 7..<90_000, client: client, terms: demand()) == slice(7..<90_000))
        #expect(try await registry.stats()["silent"] == 1, "it was raced")
        #expect(try await mirror.stats()["late"] == 1)
    }

    @Test func aStallInTheMiddleGoesOnElsewhereWhereItStopped() async throws {
        let client = try client(mirror: "stalling")
        let range: Range<Int64> = 1000..<1_200_000
        #expect(try await registry.fetch("plain", range, client: client, terms: demand()) == slice(range))
        #expect(try await registry.stats()["plain-first"] == 301_000)
    }

    @Test func theBackgroundIsNotHedged() async throws {
        let client = try client(mirror: "late")
        #expect(try await registry.fetch("plain", 0..<10, client: client) == slice(0..<10))
        #expect(try await registry.stats()["plain"] == nil)
        // Until a process waits.
        let silent = try self.client(mirror: "silent")
        let bytes = try await collect { deliver, completion in
            let fetch = silent.fetchRange(
                repository: "plain", registry.descriptor.digest, range: 5..<50, terms: .background, deliver: deliver,
                completion: completion)
            fetch.urge(until: .now().adding(milliseconds: 60_000))
            return fetch
        }
        #expect(bytes == slice(5..<50))
    }

    /// Several idle connections, none of which is alive any more.
    private func deadConnections(_ client: RegistryClient) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask { [registry] in _ = try await registry.fetch("deaf", 0..<10, client: client) }
            }
            try await group.waitForAll()
        }
        #expect(try await registry.stats()["deaf-unanswered"] == nil)
    }

    @Test func aLoneHostThatStallsIsAskedOnANewConnection() async throws {
        let client = try registry.client()
        try await deadConnections(client)
        #expect(try await registry.fetch("deaf", 5..<5000, client: client, terms: demand()) == slice(5..<5000))
        #expect(try await registry.stats()["deaf-unanswered"] == 1)
    }

    @Test func aRetryUsesNoOldConnection() async throws {
        let client = try registry.client()
        try await deadConnections(client)
        let terms = FetchTerms(deadline: nil, isRetry: true)
        #expect(try await registry.fetch("deaf", 5..<5000, client: client, terms: terms) == slice(5..<5000))
        #expect(try await registry.stats()["deaf-unanswered"] == nil)
    }

    @Test func aStallInTheMiddleOfALoneHostGoesOnWhereItStopped() async throws {
        let range: Range<Int64> = 1000..<500_000
        #expect(try await registry.fetch("stalling", range, terms: demand()) == slice(range))
        #expect(try await registry.stats()["stalling-first"] == 301_000)
    }

    @Test func retryAfterIsHonouredForTheWholeHost() async throws {
        let client = try registry.client(longestAsked: 3_600_000)
        func fetch(_ terms: FetchTerms) async -> Result<[UInt8], HermesError> {
            do {
                return .success(try await registry.fetch("limited", 0..<10, client: client, terms: terms))
            } catch {
                return .failure(.from(error))
            }
        }
        let patient = demand(7_200_000)
        for terms in [patient, .background, patient, FetchTerms.background] {
            guard case .failure(let error) = await fetch(terms) else {
                Issue.record("the registry was asked too early")
                continue
            }
            #expect(error.code == .unavailable)
            #expect(error.retryAfter.map { (1...3_600_000).contains($0) } == true)
            #expect("\(error)".contains("127.0.0.1:\(registry.port)"))
        }
        #expect(try await registry.stats()["limited"] == 1)
        // Who cannot wait may ask; that it is served ends the wait for all.
        #expect(try await fetch(demand()).get() == slice(0..<10))
        #expect(try await fetch(.background).get() == slice(0..<10))
    }

    @Test func aHostThatIsLimitedIsNoReasonToWaitWhereThereIsAnother() async throws {
        let client = try client(mirror: "limited")
        for _ in 0..<3 {
            #expect(try await registry.fetch("plain", 0..<10, client: client, terms: demand()) == slice(0..<10))
        }
        #expect(try await registry.stats()["plain"] == 3)
        #expect(try await mirror.stats()["limited"] == 1)
    }

    @Test func theDeadlineEndsEverything() async throws {
        let client = try registry.client()
        let error = await #expect(throws: HermesError.self) {
            try await registry.fetch("silent", 0..<10, client: client, terms: demand(100))
        }
        #expect(error?.code == .unavailable)
        // A login that is on its way as well.
        let login = SlowLogin()
        let slow = try login.client(registry)
        let late = await #expect(throws: HermesError.self) {
            try await registry.fetch("tokens", 0..<10, client: slow, terms: demand(100))
        }
        #expect(late?.code == .unavailable)
        #expect(login.end())
    }

    @Test func aTaskThatIsCancelledDuringALoginEnds() async throws {
        let login = SlowLogin()
        let slow = try login.client(registry)
        let descriptor = registry.descriptor
        let task = Task { try await slow.readBlob(repository: "tokens", descriptor, limit: 1 << 23) }
        await login.begins()
        task.cancel()
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .interrupted)
        #expect(login.end())
    }

    /// Credentials that do not come until the test has seen what it wants to see, or for half a minute.
    private final class SlowLogin: Sendable {
        private enum Phase { case none, waiting, ended, gaveUp }
        private let phase = Monitor(Phase.none)

        func client(_ registry: FaultyRegistry) throws -> RegistryClient {
            try RegistryClient(
                registry: "127.0.0.1:\(registry.port)", plainHTTP: nil, http: registry.http,
                credentials: { [self] _ in
                    phase.withLock { held in
                        if held.value == .none { held.value = .waiting }
                        for _ in 0..<300 where held.value == .waiting { held.wait(milliseconds: 100) }
                        if held.value == .waiting { held.value = .gaveUp }
                    }
                    return nil
                }, retries: RetryPolicy())
        }

        func begins() async {
            while phase.withLock({ $0.value == .none }) { try? await Task.sleep(for: .milliseconds(10)) }
        }

        /// Lets it go on; false when it did so before.
        func end() -> Bool {
            phase.withLock { held in
                defer {
                    held.value = .ended
                    held.broadcast()
                }
                return held.value != .gaveUp
            }
        }
    }

    @Test func whoIsBlamedForABlobIsNotAskedForItAgain() async throws {
        let client = try client(mirror: "plain")
        let names = Mutex<Set<String>>([])
        func ask() async throws {
            _ = try await collect { deliver, completion in
                client.fetchRange(
                    repository: "plain", registry.descriptor.digest, range: 0..<10, terms: demand(),
                    deliver: { bytes, host in
                        names.withLock { _ = $0.insert(host) }
                        deliver(bytes, host)
                    }, completion: completion)
            }
        }
        try await ask()
        #expect(names.withLock { $0 } == ["127.0.0.1:\(mirror.port)"])
        client.blame("127.0.0.1:\(mirror.port)", .init(repository: "plain", digest: registry.descriptor.digest))
        try await ask()
        #expect(names.withLock { $0 }.count == 2)
        #expect(try await mirror.stats()["plain"] == 1)
    }
}

import HermesSupport
import HermesTestKit
import Logging
import Synchronization
import Testing

@testable import HermesKubernetes

/// Against a real API server.
@Suite(.enabled(if: TestCluster.isAvailable)) struct RealElectionTests {
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What happened, in order.
    private final class Record: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }
        func add(_ word: String) { words.withLock { $0.append(word) } }
    }

    /// It looks and renews often, and has as long for it as a slow machine needs.
    private func election(_ identity: String, _ real: RealCluster, _ client: KubernetesClient? = nil) -> LeaderElection
    {
        var terms = LeaseTerms(identity: identity)
        (terms.renew, terms.retry) = (300, 300)
        return LeaderElection(
            client: client ?? real.client, namespace: real.namespace, name: "lease", terms: terms, logger: log)
    }

    private func lease(_ real: RealCluster) async throws -> Lease {
        try await real.client.get(Lease.self, ResourcePath.leases.object("lease", in: real.namespace))
    }

    /// Waits until `isTrue`; a test that hangs is ended by its time limit.
    private func wait(until isTrue: () -> Bool) async throws {
        while !isTrue() { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test(.timeLimit(.minutes(2))) func aLeaseIsGivenBack() async throws {
        let real = try await RealCluster()
        try await election("one", real).run {
            let held = try await lease(real)
            #expect(held.spec.holderIdentity == "one" && held.spec.leaseTransitions == 0)
        }
        #expect(try await lease(real).spec.holderIdentity == "")
        try await election("two", real).run {
            let held = try await lease(real)
            #expect(held.spec.holderIdentity == "two" && held.spec.leaseTransitions == 1)
        }
    }

    @Test(.timeLimit(.minutes(2))) func aHolderThatDiedIsReplaced() async throws {
        let real = try await RealCluster()
        // A process that took the lease and said nothing more.
        let spec = Lease.Spec(
            holderIdentity: "dead", leaseDurationSeconds: 3, acquireTime: "2999-01-01T00:00:00.000000Z",
            renewTime: "2999-01-01T00:00:00.000000Z", leaseTransitions: 0)
        var kind = ResourcePath.leases
        kind.namespace = real.namespace
        _ = try await real.client.create(Lease(metadata: ObjectMeta(name: "lease"), spec: spec), kind)
        let begun = Monotonic.now()
        try await election("heir", real).run {
            let held = try await lease(real)
            #expect(held.spec.holderIdentity == "heir")
            #expect(Monotonic.now().milliseconds(since: begun) >= 3000)
        }
    }

    @Test(.timeLimit(.minutes(2))) func oneLeadsAtATimeAndAnotherFollows() async throws {
        let real = try await RealCluster()
        let leaders = Record()
        let tasks = ["one", "two"].map { name in
            Task {
                try await election(name, real).run {
                    leaders.add(name)
                    try await Task.sleep(for: .seconds(3600))
                }
            }
        }
        try await wait { !leaders.all.isEmpty }
        let first = leaders.all[0]
        // The leader renews, and the other looks on.
        let before = try await lease(real)
        var after = before
        while after.spec.renewTime ?? "" <= before.spec.renewTime ?? ""
            || after.metadata.resourceVersion == before.metadata.resourceVersion
        {
            after = try await lease(real)
        }
        #expect(leaders.all == [first])
        tasks[first == "one" ? 0 : 1].cancel()
        try await wait { leaders.all.count == 2 }
        #expect(Set(leaders.all) == ["one", "two"])
        tasks.forEach { $0.cancel() }
        for task in tasks { await #expect(throws: (any Error).self) { try await task.value } }
    }

    @Test(.timeLimit(.minutes(2))) func aHolderWhoseLeaseIsTakenStops() async throws {
        let real = try await RealCluster()
        let ended = Record()
        let task = Task {
            try await election("one", real).run {
                defer { ended.add("one") }
                let patch = ["spec": ["holderIdentity": "thief"]]
                let path = ResourcePath.leases.object("lease", in: real.namespace)
                _ = try await real.client.mergePatch(patch, path, as: Lease.self)
                try await Task.sleep(for: .seconds(3600))
            }
        }
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .unavailable)
        #expect(ended.all == ["one"])
        // It does not give back what is another's.
        #expect(try await lease(real).spec.holderIdentity == "thief")
    }

    /// Somebody adds a label, or deletes the lease: the holder's next renewal is refused, and it looks and goes on.
    @Test(.timeLimit(.minutes(2)), arguments: [true, false]) func aHolderOutlivesChangesByOthers(deletes: Bool)
        async throws
    {
        let real = try await RealCluster()
        try await election("one", real).run {
            let path = ResourcePath.leases.object("lease", in: real.namespace)
            let before = try await lease(real)
            if deletes {
                try await real.client.delete(path)
            } else {
                _ = try await real.client.mergePatch(["metadata": ["labels": ["a": "b"]]], path, as: Lease.self)
            }
            // It renews twice after that.
            var renewals: Set<String> = []
            while renewals.count < 2 {
                try await Task.sleep(for: .milliseconds(10))
                let now = try? await lease(real)
                guard let time = now?.spec.renewTime, time > before.spec.renewTime ?? "" else { continue }
                #expect(now?.spec.holderIdentity == "one")
                renewals.insert(time)
            }
        }
        #expect(try await lease(real).spec.holderIdentity == "")
    }

    /// A user who may not even look at the lease waits, and its task can be ended.
    @Test(.timeLimit(.minutes(2))) func aProcessWithoutRightsNeverLeads() async throws {
        let real = try await RealCluster()
        let hermes = try real.client(.hermes)
        let task = Task { try await election("one", real, hermes).run { Issue.record("it leads") } }
        try await Task.sleep(for: .milliseconds(700))
        task.cancel()
        let error = await #expect(throws: HermesError.self) { try await task.value }
        #expect(error?.code == .interrupted)
    }
}

import HermesHTTP
import HermesSupport
import Logging

/// Lets one process of several act at a time, by a Lease in the cluster.
package struct LeaderElection: Sendable {
    private let client: KubernetesClient
    private let path: ResourcePath
    private let terms: LeaseTerms
    private let logger: Logger

    /// The lease `name` in `namespace`.
    package init(client: KubernetesClient, namespace: String, name: String, terms: LeaseTerms, logger: Logger) {
        self.client = client
        path = ResourcePath.leases.object(name, in: namespace)
        self.terms = terms
        self.logger = logger
    }

    /// Waits until this process leads, then runs `lead` while it does, and returns when `lead` does. The lease is given
    /// back then, and also when the task is cancelled. Throws `unavailable` when the lease was lost, `interrupted` when
    /// the task was cancelled before `lead` ended, and what `lead` throws. `lead` has ended in each case, as it is
    /// cancelled.
    package func run(_ lead: @escaping @Sendable () async throws -> Void) async throws {
        var machine = LeaderElectionMachine(terms)
        while !machine.leads(at: .now()) {
            try Self.checkCancellation()
            await attempt(&machine, until: .now().adding(milliseconds: terms.renewDeadline))
            if !machine.leads(at: .now()) { try? await Task.sleep(for: .milliseconds(pause())) }
        }
        logger.info("this process leads", metadata: ["lease": "\(path)"])
        let elected = machine
        let result: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await lead() }
                group.addTask { try await hold(elected) }
                defer { group.cancelAll() }
                // `hold` ends with an error alone.
                try await group.next()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // In a task of its own, as this one may be cancelled.
        await Task.detached { await release() }.value
        try result.get()
    }

    /// Renews the lease until it is lost, or the task is cancelled.
    private func hold(_ elected: LeaderElectionMachine) async throws {
        var machine = elected
        var pause = terms.renew
        while true {
            let rest = machine.deadline.map { Int($0.milliseconds(since: .now())) } ?? 0
            try? await Task.sleep(for: .milliseconds(max(min(pause, rest), 1)))
            try Self.checkCancellation()
            guard let deadline = machine.deadline, machine.leads(at: .now()) else { break }
            await attempt(&machine, until: deadline)
            pause = machine.deadline == deadline ? terms.retry : terms.renew
            try Self.checkCancellation()
            guard machine.leads(at: .now()) else { break }
        }
        logger.warning("this process does not lead any more", metadata: ["lease": "\(path)"])
        throw HermesError(.unavailable, "the lease \(path) was lost")
    }

    /// Renews the lease as it was written last, or looks at it and takes or renews it, until `deadline` at the latest. A failure is
    /// logged.
    private func attempt(_ machine: inout LeaderElectionMachine, until deadline: Monotonic) async {
        let begun = Monotonic.now()
        do {
            if let step = machine.renewal(time: .now()),
                let lease = try await KubernetesClient.withDeadline(deadline, { try await writeIfUnchanged(step) })
            {
                return machine.wrote(lease, begun: begun)
            }
            let lease = try await KubernetesClient.withDeadline(deadline) { try await find() }
            let step = machine.found(lease, now: .now(), time: .now())
            guard step != .wait else { return }
            // Where another was faster, the next look shows who.
            guard let lease = try await KubernetesClient.withDeadline(deadline, { try await writeIfUnchanged(step) })
            else {
                return machine.lostTrack()
            }
            machine.wrote(lease, begun: begun)
        } catch {
            machine.lostTrack()
            guard !Task.isCancelled else { return }
            logger.warning("the lease was not renewed", metadata: ["lease": "\(path)", "error": "\(error)"])
        }
    }

    private func find() async throws -> Lease? {
        do {
            return try await client.get(Lease.self, path)
        } catch let error as HermesError where error.kubernetesStatus?.isNotFound == true {
            return nil
        }
    }

    private struct Patch: Encodable {
        struct Metadata: Encodable { var resourceVersion: String }
        var metadata: Metadata
        var spec: Lease.Spec
    }

    /// Writes the lease and returns it as it is then; nil when somebody else has changed or deleted it.
    private func writeIfUnchanged(_ step: LeaderElectionMachine.Step) async throws -> Lease? {
        do {
            return try await write(step)
        } catch let error as HermesError
            where error.kubernetesStatus?.isConflict == true || error.kubernetesStatus?.isNotFound == true
        {
            return nil
        }
    }

    /// Writes the lease and returns it as it is then.
    private func write(_ step: LeaderElectionMachine.Step) async throws -> Lease {
        switch step {
        case .create(let spec):
            var kind = path
            kind.name = nil
            let lease = Lease(metadata: ObjectMeta(name: path.name ?? "", namespace: path.namespace), spec: spec)
            return try await client.create(lease, kind)
        case .change(let spec, let version):
            let patch = Patch(metadata: .init(resourceVersion: version), spec: spec)
            return try await client.mergePatch(patch, path, as: Lease.self)
        case .wait: throw HermesError(.usage, "there is nothing to write")
        }
    }

    /// Gives the lease back if it is this process's, so that the next need not wait for its end.
    private func release() async {
        do {
            let deadline = Monotonic.now().adding(milliseconds: terms.retry)
            try await KubernetesClient.withDeadline(deadline) {
                guard let lease = try await find(),
                    let step = LeaderElectionMachine(terms).released(lease, time: .now())
                else { return }
                _ = try await write(step)
            }
        } catch {
            logger.warning("the lease was not given back", metadata: ["lease": "\(path)", "error": "\(error)"])
        }
    }

    /// The pause between attempts, not the same for all that wait.
    private func pause() -> Int { terms.retry + .random(in: 0...max(terms.retry / 5, 1)) }

    private static func checkCancellation() throws {
        if Task.isCancelled { throw HermesError(.interrupted, "the election was cancelled") }
    }
}

import HermesCore
import HermesKubernetes
import HermesSupport
import Logging

extension IndexController {
    /// What a build found.
    private struct Found: Sendable {
        let artifact: Artifact
        let isNew: Bool
    }

    /// Begins a build that was planned.
    func begin(_ wish: WantedImage, on builds: RunningBuilds) {
        let begun = Monotonic.now()
        do {
            try builds.start(wish.target) { [self] check in
                try find(wish, check)
            } ended: { [self] result in
                ended(wish, result, seconds: Monotonic.now().milliseconds(since: begun) / 1000)
            }
        } catch {
            ended(wish, .failure(error) as Result<Found, any Error>, seconds: 0)
        }
    }

    /// The index of an image, from the store or built now. Blocks.
    private func find(_ wish: WantedImage, _ check: @escaping @Sendable () throws -> Void) throws -> Found {
        let reference = try Reference(wish.target.image)
        let (artifact, isNew, source) = try read(wish, reference, check)
        var proven = source
        // Nodes that pulled the tag before it moved run another manifest; that is what Pods on them get until they pull again.
        for digest in wish.digests where digest != artifact.key.manifest {
            try check()
            do {
                let name = try Reference("\(reference.registry)/\(reference.repository)@\(digest)")
                _ = try build.run(name, wish.target.platform, with: &proven, check: check)
            } catch {
                log.info(
                    "no index of a manifest that a node has",
                    metadata: ["image": "\(reference)", "digest": "\(digest)", "cause": "\(error)"])
            }
        }
        shared.withLock { [proven] in $0.value.proven.keep(proven, for: wish) }
        return Found(artifact: artifact, isNew: isNew)
    }

    /// The index of what a reference means now, with what the image was read with before, or else with the secrets of its Pods.
    private func read(
        _ wish: WantedImage, _ reference: Reference, _ check: @escaping @Sendable () throws -> Void
    ) throws -> (artifact: Artifact, isNew: Bool, proven: ProvenSource) {
        let platform = wish.target.platform
        if var proven = shared.withLock({ $0.value.proven.source(for: wish, now: .now()) }) {
            do {
                let (artifact, isNew) = try build.run(reference, platform, with: &proven, check: check)
                return (artifact, isNew, proven)
            } catch {
                // What failed once is made anew, with the machine's configuration for the registry as it is then.
                shared.withLock { $0.value.proven.forget(wish.target) }
                // A registry may answer 404 to a password that it does not take.
                guard let code = (error as? HermesError)?.code, code == .denied || code == .notFound else {
                    throw error
                }
            }
        }
        let credentials = try waiting { [secrets] in try await secrets.credentials(for: reference, wish.scopes) }
        return try build.run(reference, platform, credentials: credentials, check: check)
    }

    private func ended(_ wish: WantedImage, _ result: Result<Found, any Error>, seconds: Double) {
        let time = Timestamp(seconds: Timestamp.now().seconds).rfc3339
        var image = HermesPolicy.Image(
            imageDigestRef: wish.target.image, platform: "\(wish.target.platform)", phase: .ready, lastBuildTime: time)
        let outcome: BuildQueue.Outcome
        var about: Logger.Metadata = ["image": "\(wish.target.image)", "platform": "\(wish.target.platform)"]
        switch result {
        case .success(let found):
            outcome = .ready
            image.imageDigestRef = found.artifact.key.image
            image.lastBuildTime = Timestamp(seconds: found.artifact.updated).rfc3339
            guard found.isNew else { break }
            metrics.built(seconds: seconds)
            about["seconds"] = "\((seconds * 10).rounded() / 10)"
            log.notice("an index is ready", metadata: about)
            record(
                .normal, wish, reason: "IndexReady",
                "The index of \(image.imageDigestRef) for \(image.platform) is ready.")
        case .failure(let error as HermesError) where error.code == .interrupted:
            outcome = .stopped
        case .failure(let error):
            let error = HermesError.from(error)
            outcome = .failed(isLasting: error.isLasting, message: "\(error)")
            image.phase = .failed
            image.error = "\(error)"
            metrics.failed()
            about["cause"] = "\(error)"
            log.warning("an index was not built", metadata: about)
            record(.warning, wish, reason: "BuildFailed", "There is no index of \(wish.target.image): \(error)")
        }
        update {
            $0.state.ended(
                wish.target, outcome, found: outcome == .stopped ? nil : image, random: .random(in: 0...1), now: .now())
        }
    }

    /// Tells those who look at the policies that want the image.
    private func record(_ severity: Event.Severity, _ wish: WantedImage, reason: String, _ message: String) {
        for version in wish.policies {
            guard let policy = shared.withLock({ $0.value.state.policy(version.name) }) else { continue }
            let object = ObjectReference(
                apiVersion: HermesPolicy.apiVersion, kind: HermesPolicy.kind, policy.metadata)
            events.record(severity, object, reason: reason, message: message)
        }
    }
}

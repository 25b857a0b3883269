import HermesKubernetes
import HermesSupport

/// The conditions of a policy: Ready (every image has its index), Building (one is being built or waits for that), Degraded (a part
/// of the spec cannot be used, or an image cannot be built).
extension PolicyStatus {
    /// A condition before its times and generation are known.
    struct Finding {
        let type: String
        let holds: Bool
        let reason: String
        let message: String
    }

    static func conditions(
        _ policy: CompiledPolicy, _ images: [HermesPolicy.Image], _ counts: [HermesPolicy.Image.Phase: Int]
    ) -> [Finding] {
        let building = counts[.building] ?? 0
        let failed = counts[.failed] ?? 0
        return [
            ready(policy, images: images.count, building: building, failed: failed),
            self.building(policy, building),
            degraded(policy, images.first { $0.phase == .failed }, failed),
        ]
    }

    private static func ready(_ policy: CompiledPolicy, images: Int, building: Int, failed: Int) -> Finding {
        func finding(_ holds: Bool, _ reason: String, _ message: String) -> Finding {
            Finding(type: "Ready", holds: holds, reason: reason, message: message)
        }
        if !policy.faults.isEmpty { return finding(false, "InvalidSpec", "A part of the spec cannot be used.") }
        if images == 0 { return finding(true, "NoImages", "No Pod runs an image that the policy selects.") }
        if failed > 0 {
            return finding(false, "BuildsFailed", "\(count(failed, "index")) of \(images) cannot be built.")
        }
        if building > 0 {
            return finding(
                false, "Incomplete",
                "\(count(building, "index")) of \(images) \(building == 1 ? "is" : "are") not built yet.")
        }
        return finding(true, "AllImagesReady", "\(count(images, "index")) can be served.")
    }

    private static func building(_ policy: CompiledPolicy, _ building: Int) -> Finding {
        func finding(_ holds: Bool, _ reason: String, _ message: String) -> Finding {
            Finding(type: "Building", holds: holds, reason: reason, message: message)
        }
        if policy.isPaused { return finding(false, "Paused", "The policy is paused, so nothing new is built for it.") }
        if building == 0 { return finding(false, "Idle", "No index is being built.") }
        return finding(
            true, "BuildsPending",
            "\(count(building, "index")) \(building == 1 ? "is" : "are") being built, or \(building == 1 ? "waits" : "wait") for that."
        )
    }

    private static func degraded(_ policy: CompiledPolicy, _ failure: HermesPolicy.Image?, _ failed: Int) -> Finding {
        func finding(_ holds: Bool, _ reason: String, _ message: String) -> Finding {
            Finding(type: "Degraded", holds: holds, reason: reason, message: message)
        }
        if !policy.faults.isEmpty {
            return finding(true, "InvalidSpec", policy.faults.joined(separator: "; "))
        }
        guard let failure else { return finding(false, "AsExpected", "No build has failed.") }
        let why = failure.error.map { ": \($0.printable(errorLimit))" } ?? "."
        return finding(
            true, "BuildsFailed",
            "\(count(failed, "index")) cannot be built, the last one for \(failure.imageDigestRef) \(failure.platform)\(why)"
        )
    }

    private static func count(_ number: Int, _ word: String) -> String {
        number == 1 ? "1 \(word)" : "\(number) \(word)es"
    }

    /// What all conditions of one status share.
    struct Facts {
        let generation: Int64?
        let previous: [Condition]
        let time: String

        /// The condition; the time of its last transition is kept as long as its status is the same.
        func condition(_ finding: Finding) -> Condition {
            let status: Condition.Status = finding.holds ? .isTrue : .isFalse
            let before = previous.first { $0.type == finding.type && $0.status == status }
            return Condition(
                type: finding.type, status: status, observedGeneration: generation,
                lastTransitionTime: before?.lastTransitionTime ?? time, reason: finding.reason,
                message: finding.message.printable(messageLimit))
        }
    }
}

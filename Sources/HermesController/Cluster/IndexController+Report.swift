import HermesKubernetes
import HermesSupport
import Logging

extension IndexController {
    private struct Patch: Encodable {
        struct Metadata: Encodable { var resourceVersion: String? }
        var metadata: Metadata
        var status: HermesPolicy.Status?
    }

    /// Writes a policy's status, if the policy was not changed since the plan. If it was, the watch brings the change, and the next plan
    /// says anew what to write.
    func report(_ policy: HermesPolicy) async {
        let name = policy.metadata.name
        var written: HermesPolicy?
        do {
            let patch = Patch(
                metadata: .init(resourceVersion: policy.metadata.resourceVersion), status: policy.status)
            written = try await client.mergePatch(
                patch, ResourcePath.hermesPolicies.object(name).status, as: HermesPolicy.self)
        } catch let error as HermesError where error.kubernetesStatus?.isConflict == true {
            log.debug("a policy was changed meanwhile", metadata: ["policy": "\(name)"])
        } catch {
            let isGone = (error as? HermesError)?.kubernetesStatus?.isNotFound == true
            log.log(
                level: isGone ? .debug : .warning, "the status of a policy was not written",
                metadata: ["policy": "\(name)", "cause": "\(error)"])
        }
        update { [written] in $0.state.reported(name, written, now: .now()) }
    }
}

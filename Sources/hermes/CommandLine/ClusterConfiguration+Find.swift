import HermesKubernetes
import HermesSupport

extension ClusterConfiguration {
    /// The cluster that options name; without options that of the Pod in which this process runs, or else that of the
    /// user's kubeconfig.
    static func find(kubeconfig: String?, context: String?) throws -> ClusterConfiguration {
        if kubeconfig == nil, context == nil {
            do {
                return try .inCluster()
            } catch let error as HermesError where error.code == .notFound {
                // Not in a Pod.
            }
        }
        return try .kubeconfig(kubeconfig, context: context)
    }
}

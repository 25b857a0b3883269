extension ClusterBench {
    /// What is measured, and how.
    package struct Options: Sendable {
        package var template: PodTemplate
        /// The sides, 1 to 8.
        package var pools: [NodePool]
        /// The namespace in which Pods are made.
        package var namespace: String
        /// 1 to 1000.
        package var rounds = 3
        /// The first request to a Pod that is Ready; nil for none.
        package var request: PodRequest?
        /// Requests after the first.
        package var warmRequests = WarmRequests.usual
        /// Seconds that a start may take until its phases are over, and that a Pod may wait for a node; it then counts
        /// as timed out.
        package var timeout = 1800

        package init(template: PodTemplate, pools: [NodePool], namespace: String) {
            self.template = template
            self.pools = pools
            self.namespace = namespace
        }
    }
}
